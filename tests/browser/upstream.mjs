// A server for what no ready-made one shows: events as they happen, an echo that answers while it is asked, cookies.
// Usage: node upstream.mjs PORT HOST

import http from 'node:http';

const [port, host] = process.argv.slice(2);
const html = (response, body) => response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html>${body}`);

const CLOCK = `<title>clock</title><ol id=ticks></ol><script>
  window.arrivals = [];
  new EventSource('events').onmessage = (event) => {
    window.arrivals.push(performance.now());
    ticks.insertAdjacentHTML('beforeend', '<li>' + event.data + '</li>');
  };
</script>`;

/** Says what a page here can get at of what the origin keeps. */
const STORAGE = `<title>storage</title><p id=seen></p><script>
  const read = (what) => { try { return what(); } catch (error) { return error.name; } };
  const stored = read(() => localStorage.getItem('token'));
  const cookie = read(() => document.cookie);
  seen.textContent = JSON.stringify({ origin: self.origin, stored, cookie });
</script>`;

http.createServer((request, response) => {
  switch (new URL(request.url, 'http://any').pathname) {
    case '/clock':
      return html(response, CLOCK);
    case '/events': {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
      let n = 0;
      const timer = setInterval(() => response.write(`data: tick ${++n}\n\n`), 200);
      return response.on('close', () => {
        clearInterval(timer);
        console.log('the client of the events has gone');
      });
    }
    case '/echo':
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'x-framing': request.headers['transfer-encoding'] ?? 'length' });
      response.flushHeaders();
      return request.pipe(response);
    case '/login':
      response.writeHead(303, { location: 'home?from=login&x=null', 'set-cookie': ['user=ada; Path=/', 'theme=dark; Path=/; HttpOnly'] });
      return response.end();
    case '/home':
      return html(response, `<title>home</title><p id=cookie>${request.headers.cookie}</p><p id=url>${request.url}</p>`);
    case '/storage':
      return html(response, STORAGE);
    default:
      return html(response, `<title>hello</title><h1>from ${host}</h1>`);
  }
}).listen(Number(port), host, () => console.log('listening'));
