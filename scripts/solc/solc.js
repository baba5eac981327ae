#!/usr/bin/env node
// The `solc` command line over npm's `solc` (WebAssembly), as far as forge, ape (py-solc-x), slither and halmos
// use it. Native builds of the compiler are not in any package registry; this is the same compiler, compiled to wasm.
//
//   --version · --help · --standard-json [FILE] · --combined-json FIELDS [options] FILE...
//
// `install.sh` puts a launcher with the node and package paths filled in at `.solcx/solc-vX.Y.Z`.
'use strict';

const fs = require('fs');
const path = require('path');

const OPTIONS_WITH_VALUE = new Set([
  '--allow-paths', '--base-path', '--combined-json', '--evm-version', '--include-path', '--libraries',
  '--metadata-hash', '--model-checker-contracts', '--model-checker-engine', '--model-checker-solvers',
  '--model-checker-targets', '--model-checker-timeout', '--optimize-runs', '--output-dir', '--revert-strings', '-o',
]);

// py-solc-x reads the field names off the `--combined-json` line, so that line is an interface.
const HELP = `solc, the Solidity commandline compiler (WebAssembly).

  --version
  --help
  --standard-json [file]
  --base-path path
  --include-path path
  --allow-paths path(s)
  --optimize
  --optimize-runs n
  --via-ir
  --evm-version version
  --metadata-hash none,ipfs,swarm
  --combined-json abi,asm,ast,bin,bin-runtime,devdoc,hashes,metadata,srcmap,srcmap-runtime,storage-layout,userdoc
`;

const COMBINED = {
  abi: (c) => c.abi,
  asm: (c) => c.evm.legacyAssembly,
  bin: (c) => c.evm.bytecode.object,
  'bin-runtime': (c) => c.evm.deployedBytecode.object,
  devdoc: (c) => c.devdoc,
  hashes: (c) => c.evm.methodIdentifiers,
  metadata: (c) => c.metadata,
  srcmap: (c) => c.evm.bytecode.sourceMap,
  'srcmap-runtime': (c) => c.evm.deployedBytecode.sourceMap,
  'storage-layout': (c) => c.storageLayout,
  userdoc: (c) => c.userdoc,
};

function fail(message) {
  process.stderr.write(`solc.js: ${message}\n`);
  process.exit(1);
}

/** Writes all of `text` before the process may exit: a pipe takes 64 KiB at a time and answers EAGAIN in between. */
function print(text) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += fs.writeSync(1, bytes, at);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

function packageFolder() {
  if (process.env.SOLC_PACKAGE) return process.env.SOLC_PACKAGE;
  try {
    return path.dirname(require.resolve('solc/package.json', { paths: [__dirname, process.cwd()] }));
  } catch {
    return fail('the npm package solc is not installed: run npm ci in the repository');
  }
}

let loaded;
function compiler() {
  loaded = loaded || require(path.join(packageFolder(), 'wrapper.js'))(require(path.join(packageFolder(), 'soljson.js')));
  return loaded;
}

/** Long version ("0.8.34+commit.…"). Loading 9 MB of wasm takes a second and tools ask often, so it is kept beside
 * the launcher; the package's own version is in the name of the file, which makes a stale answer impossible. */
function longVersion() {
  const { version } = JSON.parse(fs.readFileSync(path.join(packageFolder(), 'package.json'), 'utf8'));
  const cache = process.env.SOLC_VERSION_CACHE && `${process.env.SOLC_VERSION_CACHE}-${version}`;
  if (cache && fs.existsSync(cache)) return fs.readFileSync(cache, 'utf8');
  const answer = compiler().version();
  if (cache) {
    fs.writeFileSync(`${cache}.${process.pid}`, answer);
    fs.renameSync(`${cache}.${process.pid}`, cache);
  }
  return answer;
}

function parse(argv) {
  const given = { files: [], include: [], options: {}, remappings: [] };
  for (let i = 0; i < argv.length; i++) {
    const [, name, inline] = /^(--[^=]+)=(.*)$/s.exec(argv[i]) || [null, argv[i], undefined];
    if (OPTIONS_WITH_VALUE.has(name)) {
      const value = inline === undefined ? argv[++i] : inline;
      if (value === undefined) fail(`${name} needs a value`);
      if (name === '--include-path') given.include.push(value);
      else given.options[name] = value;
    } else if (name.startsWith('-') && name !== '-') given.options[name] = true;
    else if (name.includes('=')) given.remappings.push(name);
    else given.files.push(name);
  }
  return given;
}

function importReader(roots) {
  return (name) => {
    const asked = name.replace(/^file:\/\//, '');
    const places = roots.map((root) => path.join(root, asked));
    if (path.isAbsolute(asked)) places.unshift(asked);
    const found = places.find((place) => fs.existsSync(place));
    if (found) return { contents: fs.readFileSync(found, 'utf8') };
    return { error: `Source "${asked}" not found: File not found. Searched: "${places.join('", "')}".` };
  };
}

function compile(input, roots) {
  const callbacks = { import: importReader(roots) };
  if (input.includes('"modelChecker"')) {
    const solver = require(path.join(packageFolder(), 'smtsolver.js'));
    callbacks.smtSolver = (query) => ({ contents: solver.smtSolver(query) });
  }
  // Built-in AST ids are negative; wasm prints them as unsigned 32 bit (4294967278 for -18), a native solc does not.
  return compiler()
    .compile(input, callbacks)
    .replace(/([:[,]\s*)(42949[56]\d{4})(?=\s*[,\]}])/g, (_, before, id) => before + (Number(id) - 2 ** 32));
}

function readInput(name) {
  return fs.readFileSync(name === undefined || name === '-' ? 0 : name, 'utf8');
}

function standardInput(given) {
  const { files, options, remappings } = given;
  const base = options['--base-path'];
  const sources = {};
  for (const file of files.length ? files : ['-']) {
    const unit = file === '-' ? '<stdin>' : base ? path.relative(base, path.resolve(file)) : file;
    sources[unit] = { content: readInput(file) };
  }
  const settings = {
    remappings,
    optimizer: { enabled: Boolean(options['--optimize']), runs: Number(options['--optimize-runs'] || 200) },
    outputSelection: {
      '*': { '*': ['abi', 'evm', 'metadata', 'userdoc', 'devdoc', 'storageLayout'], '': ['ast'] },
    },
  };
  if (options['--via-ir']) settings.viaIR = true;
  if (options['--evm-version']) settings.evmVersion = options['--evm-version'];
  if (options['--metadata-hash']) settings.metadata = { bytecodeHash: options['--metadata-hash'] };
  const checker = {};
  for (const key of ['engine', 'targets', 'timeout', 'contracts', 'solvers']) {
    const value = options[`--model-checker-${key}`];
    if (value) checker[key] = key === 'engine' ? value : key === 'timeout' ? Number(value) : value.split(',');
  }
  if (checker.engine) settings.modelChecker = checker;
  return JSON.stringify({ language: 'Solidity', sources, settings });
}

function combinedJson(given, roots) {
  const fields = (given.options['--combined-json'] || 'abi,bin').split(',');
  const unknown = fields.filter((field) => field !== 'ast' && !(field in COMBINED));
  if (unknown.length) fail(`--combined-json does not know ${unknown.join(', ')}`);
  const result = JSON.parse(compile(standardInput(given), roots));
  const errors = result.errors || [];
  for (const error of errors) process.stderr.write(`${error.formattedMessage}\n`);
  if (errors.some((error) => error.severity === 'error')) process.exit(1);

  const sources = result.sources || {};
  const answer = {
    contracts: {},
    sourceList: Object.keys(sources).sort((a, b) => sources[a].id - sources[b].id),
    sources: {},
    version: longVersion(),
  };
  for (const [file, contracts] of Object.entries(result.contracts || {})) {
    for (const [name, contract] of Object.entries(contracts)) {
      const chosen = fields.filter((field) => field !== 'ast').map((field) => [field, COMBINED[field](contract)]);
      answer.contracts[`${file}:${name}`] = Object.fromEntries(chosen);
    }
  }
  if (fields.includes('ast')) {
    for (const [file, source] of Object.entries(sources)) answer.sources[file] = { AST: source.ast, id: source.id };
  }
  return JSON.stringify(answer);
}

function main(argv) {
  const given = parse(argv);
  const roots = [given.options['--base-path'] || process.cwd(), ...given.include];
  if (given.options['--version']) print(`solc, the solidity compiler commandline interface\nVersion: ${longVersion()}\n`);
  else if (given.options['--help'] || argv.length === 0) print(HELP);
  else if (given.options['--standard-json']) print(`${compile(readInput(given.files[0]), roots)}\n`);
  else print(`${combinedJson(given, roots)}\n`);
  process.exit(0); // soljson leaves handlers behind that would keep the process
}

main(process.argv.slice(2));
