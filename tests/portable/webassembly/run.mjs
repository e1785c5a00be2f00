// Runs a Python file in MicroPython's 32-bit WebAssembly port: node run.mjs MODULE.mjs ROOT SCRIPT [HEAP_BYTES]
// ROOT's portable folders are copied into the port's file system; the exit code is the script's.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const FOLDERS = ["protocols", "firmware", "tests/portable", "tests/firmware"];
const SKIPPED = new Set(["__pycache__", "jt808", "jt809", "monitoring", "node_modules", "vectors"]);

const [module, root, script, heap] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(resolve(module)).href);
const python = await loadMicroPython({
  heapsize: Number(heap ?? 1 << 20),
  linebuffer: true,
  stdout: (line) => console.log(line),
  stderr: (line) => console.error(line),
});

function copy(folder) {
  python.FS.mkdirTree("/" + relative(root, folder));
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (SKIPPED.has(name)) continue;
    if (statSync(path).isDirectory()) copy(path);
    else if (/\.(py|mpy)$/.test(name)) python.FS.writeFile("/" + relative(root, path), readFileSync(path));
  }
}

for (const folder of FOLDERS) {
  const path = join(root, folder);
  if (statSync(path, { throwIfNoEntry: false })) copy(path);
}
const place = "/script/" + basename(script);
python.FS.mkdirTree("/script");
python.FS.writeFile(place, readFileSync(script));
const search = ["/", "/script", "/tests/portable", "/tests/firmware", "/" + relative(root, dirname(resolve(script)))];
try {
  python.runPython(`import sys\nsys.path[:0] = ${JSON.stringify(search)}\nexec(open(${JSON.stringify(place)}).read(), {"__name__": "__main__"})`);
} catch (error) {
  const text = String(error.message ?? error);
  const exit = /SystemExit: ?(\d*)/.exec(text);
  if (!exit) console.error(text);
  process.exitCode = exit ? Number(exit[1] || 0) : 1;
}
