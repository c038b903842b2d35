// Real servers, started by commands, looked at in a real browser through /proxy and /absproxy.
// Usage: node check.mjs PROGRAM WORK   (the server under test, and a directory to work in)

import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { front } from './front.mjs';

const [program, work] = process.argv.slice(2);
const here = import.meta.dirname;
const home = path.join(work, 'home');
const key = randomBytes(16).toString('hex');
const server = { host: '127.0.0.1', port: 0, key };
let nextPort = Number(process.env.BROWSER_PORTS ?? 18750);
let child;
let passed = 0;
let failed = 0;

// --- what the checks stand on ----------------------------------------------------------------

/** A port that nobody listens on. */
async function port() {
  for (;;) {
    const tried = nextPort++;
    const free = await new Promise((resolve) => {
      const probe = net.createServer();
      probe.on('error', () => resolve(false));
      probe.listen(tried, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
    if (free) return tried;
  }
}

function demand(holds, what) {
  if (!holds) throw new Error(what);
}

/** Waits until `ask` gives something true; the last error is told when it does not in time. */
async function eventually(what, ask, seconds = 20) {
  let why = '';
  for (const until = Date.now() + seconds * 1000; Date.now() < until; await sleep(100)) {
    try {
      const answer = await ask();
      if (answer) return answer;
    } catch (error) {
      why = `: ${error.message}`;
    }
  }
  throw new Error(`${what}: not within ${seconds} s${why}`);
}

async function api(method, target, body) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const response = await fetch(`http://127.0.0.1:${server.port}${target}`, { method, headers, body: body && JSON.stringify(body) });
  demand(response.ok, `${method} ${target}: ${response.status} ${await response.clone().text()}`);
  return response.json();
}

const write = (file, content) => api('POST', '/files/write', { path: file, content });

/** Starts a command in a directory of its own, and waits until /ports lists what it listens on. */
async function serve(command, directory, listens) {
  const { id } = await api('POST', '/execute', { command, cwd: path.join(home, directory) });
  try {
    await eventually(`/ports lists ${listens}`, async () => (await api('GET', '/ports')).ports.some((entry) => entry.port === listens), 40);
  } catch (error) {
    const { output } = await api('GET', `/execute/${id}/status?wait=0`);
    throw new Error(`${error.message}; the command said: ${output.map((entry) => entry.data).join('').slice(-2000)}`);
  }
  return id;
}

async function startServer(settings = {}) {
  for (const part of ['home', 'state', 'tmp']) fs.mkdirSync(path.join(work, part), { recursive: true });
  server.port = await port();
  const environment = {
    PATH: process.env.PATH,
    HOME: home,
    LANG: 'C.UTF-8',
    TMPDIR: path.join(work, 'tmp'),
    XDG_STATE_HOME: path.join(work, 'state'),
    OPEN_TERMINAL_API_KEY: key,
    ...settings,
  };
  const log = fs.openSync(path.join(work, 'server.log'), 'a');
  const options = { env: environment, stdio: ['ignore', log, log] };
  child = spawn(program, ['run', '--host', '127.0.0.1', '--port', String(server.port), '--cwd', home], options);
  child.on('error', (error) => breakOff(`the server does not start: ${error.message}`));
  const ended = new Promise((resolve) => child.on('exit', resolve));
  await eventually('the server answers', async () => (await fetch(`http://127.0.0.1:${server.port}/health`)).ok);
  return async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(timer);
  };
}

// --- the checks ------------------------------------------------------------------------------

/** A static site: pages, style and pictures that name each other by relative paths. */
async function staticSite({ page, at }) {
  const own = await port();
  await write('site/index.html', '<!doctype html><link rel=stylesheet href=style.css><h1>Static</h1><img src="pictures/dot.svg"><a href="sub/">sub</a>');
  await write('site/style.css', 'h1 { color: rgb(1, 2, 3); }');
  await write('site/pictures/dot.svg', '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"/>');
  await write('site/sub/index.html', '<!doctype html><h1>Below</h1>');
  await serve(`python3 -u -m http.server ${own} --bind 127.0.0.1`, 'site', own);
  await page.goto(at(`/proxy/${own}`));
  demand(page.url() === at(`/proxy/${own}/`), `it is led to the slash: ${page.url()}`);
  demand((await page.textContent('h1')) === 'Static', 'the page is there');
  demand((await page.$eval('h1', (h1) => getComputedStyle(h1).color)) === 'rgb(1, 2, 3)', 'the style is there');
  demand((await page.$eval('img', (img) => img.naturalWidth)) === 7, 'the picture is there');
  await page.click('a');
  await page.waitForSelector('h1:text("Below")');
}

/** A dev server: an edit shows without a reload, told over its WebSocket through the proxy. */
async function hotReload({ page, at }) {
  const own = await port();
  const module = (text) => `document.querySelector('#app').textContent = ${JSON.stringify(text)};\nimport.meta.hot.accept();\n`;
  await write('vite/index.html', '<!doctype html><link rel=stylesheet href="/style.css"><div id=app></div><script type=module src="/main.js"></script>');
  await write('vite/main.js', module('before'));
  await write('vite/style.css', '#app { color: rgb(1, 1, 1); }');
  await write('vite/package.json', '{ "type": "module" }');
  const vite = path.join(here, 'node_modules/vite/bin/vite.js');
  await serve(`node ${vite} --host 127.0.0.1 --port ${own} --strictPort --base /absproxy/${own}/`, 'vite', own);
  const sockets = [];
  page.on('websocket', (socket) => sockets.push(socket.url()));
  const connected = page.waitForEvent('console', (message) => message.text().includes('[vite] connected'));
  await page.goto(at(`/absproxy/${own}/`));
  await page.waitForSelector('#app:text("before")');
  await connected;
  demand(sockets.length === 1 && sockets[0].startsWith(at('/absproxy/').replace('http', 'ws')), `one WebSocket, through the proxy: ${sockets}`);
  await page.evaluate(() => { window.sameDocument = true; });
  await write('vite/main.js', module('after'));
  await page.waitForSelector('#app:text("after")');
  await write('vite/style.css', '#app { color: rgb(2, 2, 2); }');
  await page.waitForFunction(() => getComputedStyle(document.querySelector('#app')).color === 'rgb(2, 2, 2)');
  demand(await page.evaluate(() => window.sameDocument), 'the page was not loaded anew');
}

/** Jupyter: a notebook is opened, a cell is run, its output comes over the kernel's WebSocket. */
async function jupyter({ page, at }) {
  const own = await port();
  const cell = { cell_type: 'code', id: 'one', metadata: {}, execution_count: null, outputs: [], source: 'print("sum", 20 + 22)' };
  const kernelspec = { name: 'python3', display_name: 'Python 3', language: 'python' };
  await write('lab/sum.ipynb', JSON.stringify({ cells: [cell], metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5 }));
  const options = `--no-browser --allow-root --ip=127.0.0.1 --port=${own} --ServerApp.port_retries=0 --ServerApp.base_url=/absproxy/${own}/`;
  const open = `--IdentityProvider.token= --ServerApp.allow_origin='*' --ServerApp.allow_remote_access=True`;
  await serve(`${path.join(here, 'venv/bin/jupyter-notebook')} ${options} ${open}`, 'lab', own);
  const sockets = [];
  page.on('websocket', (socket) => sockets.push(socket.url()));
  await page.goto(at(`/absproxy/${own}/notebooks/sum.ipynb`), { waitUntil: 'domcontentloaded' });
  await page.locator('.jp-Notebook .jp-CodeCell .cm-content').first().click({ timeout: 60_000 });
  await eventually('the kernel is there', () => sockets.some((url) => url.includes('/channels')), 40);
  await page.keyboard.press('Shift+Enter');
  await page.locator('.jp-OutputArea-output', { hasText: 'sum 42' }).waitFor({ timeout: 60_000 });
  demand(sockets.every((url) => url.startsWith(at('/absproxy/').replace('http', 'ws'))), `all WebSockets go through the proxy: ${sockets}`);
}

/** Events come one by one, when they happen; and when the page goes, the server behind learns of it. */
async function events({ page, at, own, command }) {
  await page.goto(at(`/proxy/${own}/clock`));
  await page.waitForFunction(() => window.arrivals?.length >= 6);
  const arrivals = await page.evaluate(() => window.arrivals);
  const span = arrivals[5] - arrivals[0];
  demand(span > 700, `six ticks came over ${Math.round(span)} ms, one second is right`);
  demand((await page.textContent('li')) === 'tick 1', 'they come from the first on');
  await page.goto('about:blank');
  const said = async () => (await api('GET', `/execute/${command}/status?wait=0`)).output.map((entry) => entry.data).join('');
  await eventually('the server learns that the page has gone', async () => (await said()).includes('has gone'));
}

/** Cookies and a redirect pass as they are, and the query too. */
async function cookies({ page, at, own }) {
  await page.goto(at(`/proxy/${own}/login`));
  demand(page.url() === at(`/proxy/${own}/home?from=login&x=null`), `the redirect was followed: ${page.url()}`);
  const sent = (await page.textContent('#cookie')).split('; ').sort().join('; ');
  demand(sent === 'theme=dark; user=ada', `both cookies come back: ${sent}`);
  demand((await page.textContent('#url')) === '/home?from=login&x=null', 'the query is whole');
}

/** A page sends 20 MB and gets them back. */
async function upload({ page, at, own }) {
  await page.goto(at(`/proxy/${own}/`));
  const [there, back] = await page.evaluate(async () => {
    const bytes = new Uint8Array(20_000_000);
    for (let from = 0; from < bytes.length; from += 65_536) crypto.getRandomValues(bytes.subarray(from, from + 65_536));
    const response = await fetch('echo', { method: 'POST', body: bytes });
    const hash = async (data) => Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', data))).join();
    return [await hash(bytes), await hash(await response.arrayBuffer())];
  });
  demand(there === back, 'the same bytes come back');
}

/** An upload in chunks is answered while it goes on. */
async function chunks({ at, own }) {
  const request = http.request(at(`/proxy/${own}/echo`), { method: 'POST', headers: { 'transfer-encoding': 'chunked' } });
  const hash = createHash('sha256');
  const expected = createHash('sha256');
  const answered = new Promise((resolve, reject) => request.on('response', resolve).on('error', reject));
  let received = 0;
  let sent = 0;
  for (let n = 0; n < 20; n++) {
    const chunk = randomBytes(10_000);
    expected.update(chunk);
    sent += chunk.length;
    request.write(chunk);
    const response = await answered;
    if (n === 0) {
      demand(response.headers['x-framing'] === 'chunked', `the server behind sees chunks: ${response.headers['x-framing']}`);
      response.on('data', (data) => { received += data.length; hash.update(data); });
    }
    await eventually('the echo of a chunk comes before the next is sent', () => received === sent, 5);
  }
  request.end();
  const response = await answered;
  await eventually('the answer ends', () => response.complete);
  demand(hash.digest('hex') === expected.digest('hex'), 'the same bytes come back');
}

/** A server on ::1 only. */
async function ipv6({ page, at }) {
  const own = await port();
  await serve(`node ${path.join(here, 'upstream.mjs')} ${own} ::1`, '.', own);
  await page.goto(at(`/proxy/${own}/`));
  demand((await page.textContent('h1')) === 'from ::1', 'the page is there');
}

/** What a page behind the proxy sees of what the user interface on the same origin has stored. */
async function storage(page, at, own) {
  await page.goto(at('/health'));
  await page.evaluate(() => {
    localStorage.setItem('token', 'secret');
    document.cookie = 'session=secret';
  });
  await page.goto(at(`/proxy/${own}/storage`));
  return JSON.parse(await page.textContent('#seen'));
}

/** Without a sandbox, a page reads what its origin has stored: what the next check says would be nothing otherwise. */
async function sharedStorage({ page, at, own }) {
  const seen = await storage(page, at, own);
  demand(seen.stored === 'secret' && seen.cookie.includes('session=secret'), `it sees ${JSON.stringify(seen)}`);
}

/** With a sandbox from proxy_response_headers, a page runs but gets at nothing of its origin. */
async function sandbox({ page, at, own }) {
  const seen = await storage(page, at, own);
  demand(seen.origin === 'null', `its origin is its own: ${seen.origin}`);
  demand(seen.stored === 'SecurityError' && seen.cookie === 'SecurityError', `it sees ${JSON.stringify(seen)}`);
}

/** A server that was ended: the page says so in words. */
async function gone({ page, at, own, command }) {
  await api('DELETE', `/execute/${command}?force=true`);
  const answer = await eventually('it is not found', async () => {
    const answer = await page.goto(at(`/proxy/${own}/`));
    return answer.status() >= 400 && answer;
  });
  demand([404, 502].includes(answer.status()), `the status is ${answer.status()}`);
  demand((await answer.json()).detail.includes(String(own)), 'the detail names the port');
}

// --- the run ---------------------------------------------------------------------------------

async function check(name, browser, act, given) {
  const began = Date.now();
  const context = await browser.newContext();
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const seconds = () => `${((Date.now() - began) / 1000).toFixed(1)} s`;
  try {
    await act({ page, ...given });
    passed++;
    console.log(`ok    ${name}, ${seconds()}`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name}, ${seconds()}: ${error.message}`);
    await page.screenshot({ path: path.join(work, `${name.replaceAll(/\W+/g, '-')}.png`) }).catch(() => {});
  }
  await context.close().catch(() => {});
}

async function main() {
  fs.rmSync(work, { recursive: true, force: true });
  let stop = await startServer();
  let listener;
  let browser;
  try {
    listener = await front(server, await port());
    const at = (target) => `http://127.0.0.1:${listener.address().port}${target}`;
    const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
    console.log(`      Chromium ${browser.version()}, Node ${process.version}`);
    await check('a static site', browser, staticSite, { at });
    await check('Vite with hot reload', browser, hotReload, { at });
    await check('Jupyter runs a cell', browser, jupyter, { at });
    const own = await port();
    const command = await serve(`node ${path.join(here, 'upstream.mjs')} ${own} 0.0.0.0`, '.', own);
    const given = { at, own, command };
    await check('server-sent events', browser, events, given);
    await check('cookies and a redirect', browser, cookies, given);
    await check('an upload of 20 MB', browser, upload, given);
    await check('chunks both ways', browser, chunks, given);
    await check('a server on ::1', browser, ipv6, given);
    await check('the storage of an origin', browser, sharedStorage, given);
    await check('a server that was ended', browser, gone, given);
    await stop();
    stop = await startServer({ OPEN_TERMINAL_PROXY_RESPONSE_HEADERS: 'Content-Security-Policy: sandbox allow-scripts allow-forms' });
    await serve(`node ${path.join(here, 'upstream.mjs')} ${own} 0.0.0.0`, '.', own);
    await check('a sandbox', browser, sandbox, { at, own });
  } finally {
    await browser?.close();
    listener?.closeAllConnections();
    listener?.close();
    await stop();
  }
}

/** Ends the run at once; the server, and with it all that its commands started, is told to end. */
function breakOff(why) {
  console.log(`FAIL  ${why}`);
  child?.kill('SIGTERM');
  process.exit(1);
}

setTimeout(() => breakOff('it took more than four minutes'), 240_000).unref();
process.on('SIGTERM', () => breakOff('it was told to end'));
await main().catch((error) => {
  failed++;
  console.log(`FAIL  the run broke off: ${error.stack}`);
});
console.log(`browser: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
