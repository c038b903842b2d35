"""A kernel that does what a cell names, however wrong: Jupyter's messages over ZMTP 3.0 by hand."""
import hashlib, hmac, json, os, signal, socket, sys, threading, time

mode, file = sys.argv[1:]
told = json.load(open(file))
key = told["key"].encode()
signal.signal(signal.SIGINT, signal.SIG_IGN)
peers, number = {}, iter(range(1, 1 << 60))


def frame(body, flags=0):
    if len(body) < 256:
        return bytes([flags, len(body)]) + body
    return bytes([flags | 2]) + len(body).to_bytes(8, "big") + body


def message(parts):
    return b"".join(frame(part, 1) for part in parts[:-1]) + frame(parts[-1])


def signed(kind, parent, content, key=key):
    header = {"msg_id": str(next(number)), "session": "s", "username": "u", "date": "", "msg_type": kind, "version": "5.4"}
    parts = [json.dumps(part).encode() for part in (header, parent, {}, content)]
    signature = hmac.new(key, b"".join(parts), hashlib.sha256).hexdigest().encode()
    return [b"<IDS|MSG>", signature] + parts


def publish(kind, parent, content, **options):
    peers["iopub"].sendall(message([b"topic"] + signed(kind, parent, content, **options)))


def reply(kind, parent, content):
    peers["shell"].sendall(message(signed(kind, parent, content)))


def printed(text):
    return {"name": "stdout", "text": text}


def fork(flood):
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open("child", "w").write(str(os.getpid()))
        while True:
            os.write(1, b"flood\n" * 1000) if flood else time.sleep(1)
    while not os.path.exists("child"):
        time.sleep(0.01)
    os._exit(9)


def execute(code, parent):
    iopub = peers["iopub"]
    if code == "garbage":
        iopub.sendall(b"\xff" * 1000)
    elif code == "endless frame":
        iopub.sendall(bytes([2]) + (1 << 62).to_bytes(8, "big") + b"x" * 1000)
    elif code == "long command":
        iopub.sendall(bytes([6]) + (1 << 62).to_bytes(8, "big"))
    elif code == "many frames":
        iopub.sendall(message([b"x"] * 20000))
    elif code == "unsigned":
        publish("stream", parent, printed("forged"), key=b"other")
        iopub.sendall(message([b"topic", b"<IDS|MSG>"]) + message([b""]))
        publish("stream", parent, {"name": 1, "text": []})
        publish("display_data", parent, {"data": [], "metadata": None})
        publish("status", parent, None)
    elif code == "endless":
        while True:
            publish("stream", parent, printed("x" * 100000))
    elif code == "silent":
        return
    elif code == "no reply":
        publish("stream", parent, printed("well"))
        publish("status", parent, {"execution_state": "idle"})
        return
    elif code == "heir":
        if os.fork() == 0:
            while True:
                publish("stream", parent, printed("more "))
        os._exit(9)
    elif code == "last words":
        for n in range(3000):
            publish("stream", parent, printed(f"{n} "))
        os._exit(9)
    elif code == "closed":
        for peer in peers.values():
            peer.shutdown(socket.SHUT_RDWR)
        return
    elif code in ("fork", "flood"):
        fork(code == "flood")
    elif code == "wrong reply":
        reply("execute_reply", parent, [1])
        publish("status", parent, {"execution_state": "idle"})
        return
    elif code == "never idle":
        publish("stream", parent, printed("well"))
        reply("execute_reply", parent, {"status": "ok", "execution_count": 1})
        return
    publish("stream", parent, printed("end"))
    reply("execute_reply", parent, {"status": "ok", "execution_count": 1})
    publish("status", parent, {"execution_state": "idle"})


def receive(peer):
    parts = []
    while True:
        flags = peer.read(1)[0]
        size = int.from_bytes(peer.read(8 if flags & 2 else 1), "big")
        body = peer.read(size)
        if not flags & 4:
            parts.append(body)
            if not flags & 1:
                return parts


def serve(name, kind):
    listener = socket.create_server(("127.0.0.1", told[name + "_port"]))
    connection, _ = listener.accept()
    if mode == "not ZMTP":
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b" " * 100)
        time.sleep(1000)
    peers[name] = connection
    greeting = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(48)
    ready = b"\x05READY\x0bSocket-Type" + len(kind).to_bytes(4, "big") + kind
    connection.sendall(greeting + frame(ready, 4))
    peer = connection.makefile("rb")
    peer.read(64)
    while name != "iopub":
        parts = receive(peer)
        header, content = json.loads(parts[-4]), json.loads(parts[-1])
        if header["msg_type"] == "execute_request":
            execute(content["code"], header)
        elif name == "shell":
            publish("status", header, {"execution_state": "busy"})
            reply("kernel_info_reply", header, {"status": "ok"})
    # A connection with something unread in it is reset when it is closed, and what was sent may be lost.
    peer.read()


for name, kind in (("shell", b"ROUTER"), ("iopub", b"PUB"), ("control", b"ROUTER")):
    threading.Thread(target=serve, args=(name, kind), daemon=True).start()
while True:
    time.sleep(1)
