import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Access } from '../options.ts'

export interface Token {
  readonly text: string
  /** For `authorize`: only who has the token, from the link or in the cookie that the link leaves. */
  readonly authorize: (request: Request) => Access
}

/** A token that nobody can guess, for as long as the process runs. The cookie's name has the port: cookies do not tell ports apart. */
export function createToken(port: number): Token {
  const text = randomBytes(32).toString('base64url')
  const cookie = `prisma_audit_viewer_${port}`
  const isRight = (given: string) => timingSafeEqual(hash(given), hash(text))
  return {
    text,
    authorize: (request) => {
      const url = new URL(request.url)
      const given = url.searchParams.get('token')
      if (given !== null && isRight(given)) {
        // Out of the address at once, so that it is in no history and in no screenshot.
        url.searchParams.delete('token')
        return new Response(null, {
          status: 303,
          headers: {
            Location: url.pathname.replace(/^\/+/, '/') + url.search,
            'Set-Cookie': `${cookie}=${text}; Path=/; HttpOnly; SameSite=Strict`,
          },
        })
      }
      const sent = cookiesOf(request).filter(([name]) => name === cookie)
      if (given === null && sent.some(([, value]) => isRight(value))) return true
      return new Response('Open the link that the command has printed: it has a token.\n', {
        status: 401,
        headers: { 'Content-Type': 'text/plain; charset=utf-8' },
      })
    },
  }
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function cookiesOf(request: Request): readonly (readonly [string, string])[] {
  return (request.headers.get('cookie') ?? '').split(';').map((pair) => {
    const [name = '', ...value] = pair.trim().split('=')
    return [name, value.join('=')] as const
  })
}
