/** A real terminal (tmux) that a command runs in. */
import { spawnSync } from 'node:child_process'
import { expect } from 'vitest'

export const lacksTmux = spawnSync('tmux', ['-V']).status !== 0

/** A terminal of 110 × 70 that a command runs in. */
export class Terminal {
  readonly #socket = `cumulus-${process.pid}-${Math.random().toString(36).slice(2)}`

  constructor(folder: string, command: string) {
    const shell = `${command}; echo "exit code $?"; sleep 60`
    // Of its own kind whatever runs the tests: colours and boxes are the same everywhere.
    this.#tmux('-f', '/dev/null', 'new-session', '-d', '-x', '110', '-y', '70', '-c', folder, shell)
  }

  /** What is on the screen, without the empty lines below. */
  screen(): string {
    return this.#tmux('capture-pane', '-p').trimEnd()
  }

  async shows(text: string | RegExp): Promise<string> {
    await expect.poll(() => this.screen(), { interval: 100 }).toMatch(text)
    return this.screen()
  }

  type(text: string): void {
    if (text) this.#tmux('send-keys', '-l', text)
    this.#tmux('send-keys', 'Enter')
  }

  press(key: string): void {
    this.#tmux('send-keys', key)
  }

  end(): void {
    this.#tmux('kill-server')
  }

  #tmux(...args: string[]): string {
    const env = { PATH: process.env.PATH, TERM: 'xterm-256color', LANG: 'C.UTF-8' }
    return spawnSync('tmux', ['-u', '-L', this.#socket, ...args], { encoding: 'utf8', env }).stdout
  }
}
