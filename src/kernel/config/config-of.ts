import { type Config, readConfig } from './config.ts'

const known = new WeakMap<object, Config>()

/**
 * The settings among the bindings of an isolate, read once: the object of each account asks for them when it starts.
 *
 * @throws ConfigError as `readConfig`
 */
export function configOf(env: object): Config {
  let config = known.get(env)
  if (!config) {
    config = readConfig({ ...env })
    known.set(env, config)
  }
  return config
}
