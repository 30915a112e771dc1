/** What is outside of the host, for tests inside workerd: who answers, and how. */
import { afterEach } from 'vitest'

/** Answers in the place of a server. */
export type Answerer = (request: Request) => Response | Promise<Response>

interface Rule {
  prefix: string
  answer: Answerer
}

let original: typeof fetch | undefined
let rules: Rule[] = []
let requests: Request[] = []

/**
 * Requests that the host sends to others: those of the server, and those that handlers and hooks send with `fetch`. From
 * the first rule on until the end of the test nothing leaves: what no rule is for fails, as where nobody listens. The newest
 * rule goes first. Sockets (SMTP) are not seen.
 */
export const network = {
  /** Answers what begins with `prefix`, such as `https://api.example.com/`. */
  answer(prefix: string, answer: Answerer): void {
    install()
    rules.unshift({ prefix, answer })
  },

  /** Lets requests fail that begin with `prefix`, as where nobody listens; without one, all. */
  fail(prefix = ''): void {
    network.answer(prefix, refused)
  },

  /** Never answers what begins with `prefix`: it ends when whoever asks gives up. */
  hang(prefix = ''): void {
    network.answer(
      prefix,
      ({ signal }) =>
        new Promise((_, reject) => {
          if (signal.aborted) reject(signal.reason)
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
    )
  },

  /** What was sent since the first rule of this test, those that failed too. Their bodies can be read. */
  get requests(): readonly Request[] {
    return requests
  },

  /** Takes all rules back, as after each test. */
  restore(): void {
    if (original) globalThis.fetch = original
    original = undefined
    rules = []
    requests = []
  },
}

afterEach(() => network.restore())

function install(): void {
  if (original) return
  original = globalThis.fetch
  globalThis.fetch = async (input, init) => {
    const request = new Request(input as RequestInfo, init)
    // The body can be read once, by whoever answers or by the test.
    requests.push(request.clone() as Request)
    const rule = rules.find(({ prefix }) => request.url.startsWith(prefix))
    return rule ? rule.answer(request) : refused(request)
  }
}

function refused({ url }: Request): never {
  throw new TypeError(
    `Network connection lost (${new URL(url).origin}: no rule of the test answers)`,
  )
}
