// Weighs the linked terminal in MicroPython's 32-bit WebAssembly port, between the turns of its loop:
//   node weigh.mjs MODULE.mjs PROGRAM STAND_INS DATA PARTS PUSHES…
// PROGRAM: the compiled tree, or its image: the port has that outside of its heap and runs it in place. DATA: terminal.json and the receiver's sentences. PARTS: how many resident parts.
// PUSHES: hex, said by the platform one after the other. Prints one JSON object; bytes without the stand-ins.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const TURNS_MAX = 20000;
const REPORTS = 30; // before the pictures count: the receiver has spoken for a while
const [module, program, standIns, data, parts, ...pushes] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(resolve(module)).href);
const inPlace = !statSync(program).isDirectory();
let weight = null;
const python = await loadMicroPython({
  heapsize: 1 << 16,
  romfs: inPlace ? readFileSync(program) : undefined,
  linebuffer: true,
  stdout: (line) => (line.startsWith("weight ") ? (weight = JSON.parse(line.slice(7))) : undefined),
  stderr: (line) => console.error(line),
});
const copied = [[standIns, "/stand_ins"], [data, "/data"], ...(inPlace ? [] : [[program, "/program"]])];
for (const [from, to] of copied) {
  python.FS.mkdirTree(to);
  for (const name of readdirSync(from))
    if (statSync(join(from, name)).isFile()) python.FS.writeFile(`${to}/${name}`, readFileSync(join(from, name)));
}
python.FS.mkdirTree("/flash");

process.on("uncaughtException", (error) => {
  console.error(String(error.message ?? error)); // not Node's: that prints the whole port with it
  process.exit(1);
});

function weigh() {
  python.runPython("gc.collect()");
  python.runPython("weighing.weigh()");
  return weight;
}

// Turns until `done(weight)`; gives the largest and the last live heap.
function turnUntil(what, done) {
  let most = 0;
  for (let turn = 0; turn < TURNS_MAX; turn++) {
    python.runPython("weighing.turn()");
    most = Math.max(most, weigh().live);
    if (done(weight)) return { most, last: weight.live };
  }
  throw new Error(`${what}: not within ${TURNS_MAX} turns: ${JSON.stringify(weight)}`);
}

python.runPython(`import sys\nsys.path[:0] = ["/stand_ins", "${inPlace ? "/rom" : "/program"}"]\nimport gc, weighing`);
const bare = weigh().live;
for (let part = 0; part < Number(parts); part++) python.runPython(`weighing.load("part${part}")`);
const loaded = weigh().live;
python.runPython("weighing.begin()");
const begun = weigh().live;
python.runPython("weighing.feed(True)");
let most = turnUntil("the first reports", (now) => now.reports >= REPORTS).most;
for (const push of pushes) {
  python.runPython(`weighing.push(bytes.fromhex("${push}"))`);
  const reports = weight.reports;
  most = Math.max(most, turnUntil("a push", (now) => now.reports > reports + 2).most);
}
most = Math.max(most, turnUntil("a drawn code", (now) => now.drawing).most);
const painted = turnUntil("a picture", (now) => now.codes && now.painted && !now.drawing);
python.runPython("weighing.feed(False)");
const rest = turnUntil("rest", (now) => !now.drawing).last;
const figures = { bare, resident: loaded - bare, begun: begun - bare, rest: rest - bare };
figures.most = Math.max(most, painted.most) - bare;
figures.reports = weight.reports;
writeFileSync(join(data, "screen.png"), python.FS.readFile("/data/screen.png"));
console.log(JSON.stringify(figures));
