const http = require("http");
const words = require("duration-words");

http
  .createServer((request, response) => response.end(`up for ${words(process.uptime() * 1000)}\n`))
  .listen(3000);
