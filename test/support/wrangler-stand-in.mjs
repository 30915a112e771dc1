/**
 * Takes the place of wrangler (CUMULUS_WRANGLER). What it was asked, and what it read, goes line by line as JSON into the
 * file that STAND_IN_LOG names; STAND_IN_STATE says what Cloudflare has: {signedIn, r2, buckets, secrets, values, deployed},
 * and what goes wrong: `says` has for a command {code, stdout, stderr} that is said instead, with `applied` once it is done;
 * `kills` has commands `after` which whoever has called is killed.
 */
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { parseEnv } from 'node:util'

const { STAND_IN_LOG: log = '', STAND_IN_STATE: stateFile = '' } = process.env
const args = process.argv.slice(2)
const text = readFileSync(stateFile, 'utf8')
const state = JSON.parse(text)
const command = args.filter((arg) => !arg.startsWith('-')).join(' ')
// `secret bulk` may name a file.
const input = /^secret (bulk|put)/.test(command)
  ? readFileSync((/^secret bulk/.test(command) && args[2]) || 0, 'utf8')
  : ''
appendFileSync(log, `${JSON.stringify({ args, input })}\n`)

function fail(message) {
  process.stderr.write(`✘ [ERROR] ${message}\n`)
  process.exit(1)
}

function say({ code, stdout = '', stderr = '' }) {
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  process.exit(code)
}

const said = state.says?.[command]
if (said && !said.applied) say(said)
if (command === 'login') state.signedIn = true
if (!state.signedIn) fail('You are not logged in.')
if (command === 'r2 bucket list') {
  if (!state.r2) fail('Please enable R2 through the Cloudflare Dashboard. [code: 10042]')
  process.stdout.write(
    state.buckets.map((name) => `name:           ${name}\ncreation_date:  2026\n`).join('\n'),
  )
} else if (command.startsWith('r2 bucket create')) {
  state.buckets.push(args.at(-1))
} else if (command.startsWith('secret list')) {
  if (!state.deployed) fail('This Worker does not exist on your account. [code: 10007]')
  process.stdout.write(JSON.stringify(state.secrets.map((name) => ({ name, type: 'secret_text' }))))
} else if (command === 'deploy') {
  if (!state.buckets.includes('cumulus-blobs')) fail('R2 bucket not found. [code: 10085]')
  state.deployed = true
} else if (command === 'secret bulk') {
  state.secrets = [
    ...new Set([
      ...state.secrets,
      ...Object.keys(input.startsWith('{') ? JSON.parse(input) : parseEnv(input)),
    ]),
  ]
} else if (command.startsWith('secret put')) {
  state.values = { ...state.values, [args[2]]: input }
} else if (command.startsWith('secret delete')) {
  delete state.values[args[2]]
}
const now = JSON.stringify(state)
if (now !== text) {
  // Another one may read it at the same time.
  writeFileSync(`${stateFile}.${process.pid}`, now)
  renameSync(`${stateFile}.${process.pid}`, stateFile)
}
if (state.kills?.[command] === 'after') process.kill(process.ppid, 'SIGKILL')
if (said) say(said)
