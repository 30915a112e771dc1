/** A project's `wrangler.toml` keeps up with the package's: kinds of objects that it brings have to be bound and migrated, and run its code. */
import { parse, patch } from '@decimalturn/toml-patch'

interface ObjectConfig {
  durable_objects?: {
    bindings?: { name: string; class_name: string }[]
    code_update_strategy?: object
  }
  migrations?: { tag: string; new_sqlite_classes?: string[]; deleted_classes?: string[] }[]
}

/** The text of a project's file with what it lacks of the package's, and the names of that. Nothing is taken away. */
export function addToWranglerConfig(
  project: string,
  fromPackage: string,
): { text: string; names: string[] } {
  const ours = parse(project) as ObjectConfig
  const theirs = parse(fromPackage) as ObjectConfig
  const bindings = ours.durable_objects?.bindings ?? []
  const bound = new Set(bindings.map(({ name }) => name))
  const missing = (theirs.durable_objects?.bindings ?? []).filter(({ name }) => !bound.has(name))
  const migrations = ours.migrations ?? []
  const made = new Set(migrations.flatMap(({ new_sqlite_classes = [] }) => new_sqlite_classes))
  const tags = new Set(migrations.map(({ tag }) => tag))
  const steps = (theirs.migrations ?? []).flatMap(({ tag, new_sqlite_classes = [] }) => {
    const classes = new_sqlite_classes.filter((name) => !made.has(name))
    // A project may have given the tag to objects of its own.
    return classes.length > 0
      ? [{ tag: tags.has(tag) ? `cumulus-${tag}` : tag, new_sqlite_classes: classes }]
      : []
  })
  const { code_update_strategy } = theirs.durable_objects ?? {}
  const strategy =
    code_update_strategy && !ours.durable_objects?.code_update_strategy
      ? { code_update_strategy }
      : undefined
  if (missing.length === 0 && steps.length === 0 && !strategy) return { text: project, names: [] }
  const text = patch(project, {
    ...ours,
    durable_objects: {
      ...ours.durable_objects,
      bindings: [...bindings, ...missing],
      ...strategy,
    },
    migrations: [...migrations, ...steps],
  })
  return {
    text,
    names: [
      ...new Set([
        ...missing.map(({ class_name }) => class_name),
        ...steps.flatMap(({ new_sqlite_classes }) => new_sqlite_classes),
        ...Object.keys(strategy ?? {}),
      ]),
    ],
  }
}
