import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** PostgreSQL finds out this late that a connection is lost which it does not use, by what its sessions are set to. */
const KEEPALIVE_MS = 60_000

/** Stands between a client and a server, such as Slipway and PostgreSQL, and has their connection fail. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>()
  private server: Server | null = null
  private port = 0
  private isFrozen = false

  private constructor(
    /** Where new connections go to. */
    public target: { readonly host: string; readonly port: number },
    private readonly original: URL,
  ) {}

  /** Stands in front of what a URL names. */
  static async before(url: string): Promise<TcpProxy> {
    const original = new URL(url)
    const proxy = new TcpProxy({ host: original.hostname, port: Number(original.port) }, original)
    await proxy.accept()
    return proxy
  }

  /** The same URL, through the proxy. */
  get url(): string {
    const url = new URL(this.original)
    url.hostname = '127.0.0.1'
    url.port = String(this.port)
    return url.href
  }

  /** Ends all connections and refuses new ones, as if the server were away. */
  async refuse(): Promise<void> {
    const { server } = this
    this.server = null
    server?.close()
    this.cut()
    if (server !== null) await once(server, 'close')
  }

  /** Takes connections again. */
  async accept(): Promise<void> {
    if (this.server !== null) return
    this.server = createServer(socket => this.join(socket)).listen(this.port, '127.0.0.1')
    await once(this.server, 'listening')
    this.port = (this.server.address() as AddressInfo).port
  }

  /** Ends all connections. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy()
  }

  /**
   * From now on nothing comes over the connections that are open, which stay open until the server finds out, as its
   * keepalive would: the proxy's own system answers that. New ones are taken as before.
   */
  freezeOpen(): void {
    const forgotten = [...this.sockets]
    for (const socket of forgotten) socket.removeAllListeners('data').pause()
    const timer = setTimeout(() => {
      for (const socket of forgotten) socket.destroy()
    }, KEEPALIVE_MS)
    timer.unref()
  }

  /** Nothing comes over any connection until `thaw`, also new ones. */
  freeze(): void {
    this.isFrozen = true
    for (const socket of this.sockets) socket.pause()
  }

  thaw(): void {
    this.isFrozen = false
    for (const socket of this.sockets) socket.resume()
  }

  private join(client: Socket): void {
    const server = connect(this.target)
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(socket)
      socket.on('data', data => other.write(data))
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.sockets.delete(socket)
        other.destroy()
      })
      if (this.isFrozen) socket.pause()
    }
  }
}
