#!/usr/bin/env node
// page-press build: dist/ out of index.html and src/, in which %NAME% is the value of an environment variable PRESS_NAME.
const fs = require("fs");
const path = require("path");

const filled = (text) => text.replace(/%(\w+)%/g, (whole, name) => process.env[`PRESS_${name}`] ?? whole);

function press(from, to) {
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.writeFileSync(to, filled(fs.readFileSync(from, "utf8")));
}

press("index.html", "dist/index.html");
for (const name of fs.readdirSync("src").sort()) press(`src/${name}`, `dist/assets/${name}`);
console.log(`dist/ is built (${process.env.NODE_ENV ?? "development"})`);
