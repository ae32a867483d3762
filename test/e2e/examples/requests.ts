import { once } from 'node:events'
import http from 'node:http'
import { text } from 'node:stream/consumers'

/** What is asked of a server, in whatever form it wants it. */
export interface Request {
  readonly method: string
  readonly path: string
  /** Sent as JSON; a text as it is. */
  readonly body?: unknown
}

export interface Answer {
  readonly status: number
  readonly requestId: unknown
  readonly body: unknown
}

/** A request whose head has reached the server, so that it may know the user. This sends the body. */
export type OpenRequest = () => Promise<Answer>

/** Sends a request as `user`, who is left out where he is `undefined`. */
export async function send(address: string, request: Request, user?: string): Promise<Answer> {
  const { method, path, body } = request
  const answer = await fetch(`${address}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(user === undefined ? {} : { 'x-user': user }) },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const { status, headers } = answer
  return { status, requestId: headers.get('x-request-id'), body: await answer.json() }
}

/** Sends the head; `expect: 100-continue` is how a server says that it has it. */
export async function open(address: string, request: Request, user: string): Promise<OpenRequest> {
  const { method, path, body } = request
  const headers = { 'content-type': 'application/json', 'x-user': user, expect: '100-continue' }
  const outgoing = http.request(`${address}${path}`, { method, headers })
  const answered: Promise<http.IncomingMessage[]> = once(outgoing, 'response')
  outgoing.flushHeaders()
  await once(outgoing, 'continue')
  return async () => {
    outgoing.end(JSON.stringify(body))
    const [answer] = await answered
    if (!answer) throw new Error('The server did not answer.')
    const requestId = answer.headers['x-request-id']
    return { status: answer.statusCode ?? 0, requestId, body: JSON.parse(await text(answer)) }
  }
}
