//! A server behind a port: run as a command, it shows what it was sent and answers as its path asks.

use std::fs;
use std::time::Duration;

use super::{Server, wait_for};

/// It reads requests by hand, so that what it shows is what came.
const PROGRAM: &str = r#"
import os, socket, struct, sys, threading, time

moved = {}

def flood(c, path):
    try:
        while True:
            moved[path] = moved.get(path, 0) + c.send(b"x" * 65536)
    except OSError:
        print("flood ended", flush=True)

def body_of(f, head):
    low = head.lower()
    if b"transfer-encoding: chunked" in low:
        body = b""
        while True:
            line = f.readline()
            body += line
            size = int(line, 16)
            if size == 0:
                while line != b"\r\n":
                    line = f.readline()
                    body += line
                return body
            body += f.read(size + 2)
    at = low.find(b"content-length:")
    return f.read(int(low[at + 15:].split(b"\r\n")[0])) if at >= 0 else b""

def answer(c, path, head, f, served):
    send = c.sendall
    if path.startswith("/status/"):
        send(b"HTTP/1.1 %s Some\r\nx-up: 1\r\ncontent-length: 0\r\n\r\n" % path[8:].encode())
    elif path == "/events":
        send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for n in range(30):
            piece = b"data: %d\n\n" % n
            send(b"%x\r\n%s\r\n" % (len(piece), piece))
            time.sleep(0.2)
        send(b"0\r\n\r\n")
    elif path == "/cut":
        send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0123456789")
        return False
    elif path == "/cut-chunked":
        send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n01234\r\n")
        return False
    elif path == "/reset":
        send(b"HTTP/1.0 200 OK\r\n\r\n0123456789")
        time.sleep(0.2)
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        f.close()
        c.close()
        return False
    elif path == "/both":
        send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n")
    elif path == "/open":
        send(b"HTTP/1.1 200 OK\r\naccess-control-allow-origin: *\r\ncontent-length: 0\r\n\r\n")
    elif path == "/die":
        send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0123456789")
        time.sleep(0.2)
        os._exit(1)
    elif path == "/never":
        time.sleep(30)
    elif path == "/wait":
        print("left" if c.recv(1) == b"" else "more", flush=True)
        return False
    elif path == "/flood":
        send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
        flood(c, path)
    elif path.startswith("/moved-by/"):
        send(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n%12d" % moved.get(path[9:], 0))
    elif path == "/then-close":
        send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        return False
    elif path == "/until-the-end":
        send(b"HTTP/1.0 200 OK\r\n\r\nall of it")
        return False
    elif path == "/odd":
        send(b"HTTP/1.1 200 Fine So Far\r\nx-twice: 1\r\nX-Twice: 2\r\nx-empty:\r\nx-word: caf\xc3\xa9\r\nx!#$%&'*+.^_|~: odd\r\n"
             b"connection: keep-alive, x-hop\r\nx-hop: 1\r\nkeep-alive: timeout=9\r\ncontent-length: 0\r\n\r\n")
    elif path == "/hang-up":
        return False
    elif path == "/hints":
        send(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
    elif path == "/trailers":
        send(b"HTTP/1.1 200 OK\r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-sum: 5\r\n\r\n")
    elif path == "/plain":
        send(b"HTTP/1.1 200 OK\r\ncontent-length: 300\r\nallow: GET, HEAD\r\n\r\n" + (b"" if head.startswith(b"HEAD") else b"x" * 300))
    elif path == "/moved":
        send(b"HTTP/1.1 302 Found\r\nlocation: /elsewhere?x=1\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nserver: mine\r\ndate: then\r\ncontent-length: 0\r\n\r\n")
    elif path == "/served":
        send(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n%4d" % served)
    elif path == "/served-in-chunks":
        send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n%4d\r\n0\r\n\r\n" % served)
    elif path == "/upgrade":
        send(b"HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: shout\r\n\r\nhello\n")
        for line in f:
            send(line.upper())
        send(b"bye\n")
        return False
    elif path == "/upgrade-and-listen":
        send(b"HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: shout\r\n\r\nhello\n")
        c.shutdown(socket.SHUT_WR)
        for line in f:
            print("heard", line.decode(), flush=True)
        print("heard all", flush=True)
        return False
    elif path == "/upgrade-and-flood":
        send(b"HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: shout\r\n\r\nhello\n")
        flood(c, path)
    else:
        return None
    return True

# These answer before they have read a request's body, or do not read it at all.
def at_once(c, path, head, f):
    if path == "/early":
        c.sendall(b"HTTP/1.1 413 Too Much\r\ncontent-length: 4\r\n\r\nless")
        while c.recv(65536):
            pass
    elif path == "/deaf":
        time.sleep(30)
    elif path == "/echo":
        c.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            size = f.readline()
            piece = size + f.read(int(size, 16) + 2)
            c.sendall(piece)
            if piece.startswith(b"0\r\n"):
                return True
    return False

def serve(c):
    f = c.makefile("rb")
    served = 0
    while True:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = f.readline()
            if not line:
                return
            head += line
        served += 1
        if b"100-continue" in head:
            c.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        path = head.split(b" ")[1].decode("latin-1")
        if path in ("/early", "/deaf", "/echo"):
            if at_once(c, path, head, f):
                continue
            c.close()
            return
        shown = head + body_of(f, head)
        going_on = answer(c, path, head, f, served)
        if going_on is None:
            c.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(shown), shown))
        elif not going_on:
            try:
                c.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            return

host, port = sys.argv[1], int(sys.argv[2])
family = socket.AF_INET6 if ":" in host else socket.AF_INET
listener = socket.create_server((host, port), family=family, backlog=100)
print("port", listener.getsockname()[1], "is open", flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"#;

/// A server that runs as a command.
pub(crate) struct Upstream {
    /// The command.
    pub(crate) id: String,
    /// Where it listens.
    pub(crate) port: u16,
}

impl Upstream {
    /// Starts one that listens on 127.0.0.1.
    #[track_caller]
    pub(crate) fn start(server: &Server) -> Self {
        Self::on(server, "127.0.0.1", 0)
    }

    /// Starts one that listens there; 0 is a free port.
    #[track_caller]
    pub(crate) fn on(server: &Server, host: &str, port: u16) -> Self {
        Self::with(server, &format!("exec python3 upstream.py {host} {port}"))
    }

    /// Starts one by a command of the test's own, which runs `upstream.py`.
    #[track_caller]
    pub(crate) fn with(server: &Server, command: &str) -> Self {
        let program = server.home.work().join("upstream.py");
        fs::write(program, PROGRAM).expect("the directory is writable");
        let id = server.start(command);
        let port = wait_for("an open port", Duration::from_secs(20), || {
            let output = server.status(&id, "wait=0").output();
            let (_, rest) = output.split_once("port ")?;
            rest.split_once(" is open")?.0.parse().ok()
        });
        Self { id, port }
    }

    /// Bytes that its answer to a path has sent so far.
    #[track_caller]
    pub(crate) fn moved_by(&self, server: &Server, path: &str) -> u64 {
        let answer = server.get(&self.path(&format!("/moved-by{path}")));
        let text = answer.expect(200).text();
        text.trim().parse().expect("it is a number")
    }

    /// Waits until one of its answers is held up because nobody takes it; how much it has sent by then.
    #[track_caller]
    pub(crate) fn held_up(&self, server: &Server, path: &str) -> u64 {
        let mut last = 0;
        wait_for("an answer that is held up", Duration::from_secs(30), || {
            std::thread::sleep(Duration::from_millis(300));
            let now = self.moved_by(server, path);
            let still = now == last && now > 0;
            last = now;
            still.then_some(now)
        })
    }

    /// The proxy's path to a path of it.
    pub(crate) fn path(&self, path: &str) -> String {
        format!("/proxy/{}{path}", self.port)
    }
}
