// The next high waters, half a tidal day apart.
const HALF = 12 * 3600e3 + 25 * 60e3;

addEventListener("load", () => {
  for (let at = 1; at <= 4; at += 1) {
    const line = document.createElement("li");
    line.textContent = new Date(Date.now() + at * HALF).toLocaleString();
    document.getElementById("tides").append(line);
  }
});
