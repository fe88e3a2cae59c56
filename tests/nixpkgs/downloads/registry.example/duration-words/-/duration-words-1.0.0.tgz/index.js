const units = [["day", 86400000], ["hour", 3600000], ["minute", 60000], ["second", 1000], ["millisecond", 1]];

module.exports = (duration) => {
  const [name, length] = units.find(([, length]) => duration >= length) || units[units.length - 1];
  const count = Math.round(duration / length);
  return `${count} ${name}${count === 1 ? "" : "s"}`;
};
