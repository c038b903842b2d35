// The front: what stands between a browser and the server in real life, such as Open WebUI's backend or nginx.
// It adds the key to every request, WebSockets included, and passes all else on as it is.

import http from 'node:http';
import net from 'node:net';

/** Starts one that leads to `server` ({ host, port, key }); resolves to the listening http.Server. */
export function front(server, port) {
  const headers = (request) => ({ ...request.headers, authorization: `Bearer ${server.key}` });
  const listener = http.createServer((request, response) => {
    const { method, url } = request;
    const onward = http.request({ host: server.host, port: server.port, method, path: url, headers: headers(request) });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode, answer.statusMessage, answer.rawHeaders);
      response.flushHeaders();
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    onward.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end('front: no answer')));
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  listener.on('upgrade', (request, client, head) => {
    const lines = Object.entries(headers(request)).map(([name, value]) => `${name}: ${value}\r\n`);
    const onward = net.connect(server.port, server.host, () => {
      onward.write(`${request.method} ${request.url} HTTP/1.1\r\n${lines.join('')}\r\n`);
      onward.write(head);
      onward.pipe(client).pipe(onward);
    });
    for (const [one, other] of [[client, onward], [onward, client]]) one.on('error', () => other.destroy());
  });
  return new Promise((resolve, reject) => {
    listener.on('error', reject);
    listener.listen(port, '127.0.0.1', () => resolve(listener));
  });
}
