"""HTTP/1.1 over asyncio's streams, by which a client can do what no library does: stop in the middle."""
import asyncio
import json
import socket


async def connect(target, receive_buffer=None):
    """A connection. With a small receive buffer, the system takes little of a response that nobody reads."""
    opened = socket.socket()
    if receive_buffer:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    opened.setblocking(False)
    await asyncio.get_running_loop().sock_connect(opened, ("127.0.0.1", target["port"]))
    return await asyncio.open_connection(sock=opened, limit=2**16)


def head(target, method, path, who=None, **headers):
    lines = [f"{method} {path} HTTP/1.1", "host: localhost"]
    if who:
        lines.append(f"authorization: Bearer {target['tokens'][who]}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def post(target, body, who=None, **headers):
    """The bytes of a GraphQL request."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    begin = head(target, "POST", "/graphql", who, content_type="application/json", content_length=len(text), **headers)
    return begin + text


async def read_response(reader):
    """The status and the body."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return int(lines[0].split()[1]), body


async def exchange(target, request, who=None):
    """Sends a request on a connection of its own and reads the response; its status, or what went wrong."""
    reader, writer = await connect(target)
    try:
        writer.write(request)
        await writer.drain()
        return (await read_response(reader))[0]
    finally:
        writer.close()
