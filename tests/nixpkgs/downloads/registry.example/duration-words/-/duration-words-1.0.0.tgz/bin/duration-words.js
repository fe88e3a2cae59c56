#!/usr/bin/env node
console.log(require("..")(Number(process.argv[2])));
