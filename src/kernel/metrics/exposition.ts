/** Metrics as text: OpenMetrics 1.0, or the older format of Prometheus (0.0.4). Both are read by Prometheus and its kin. */

export type Labels = Readonly<Record<string, string>>

/** One number, with what it is about. */
export interface Sample {
  labels?: Labels
  value: number
}

/** A histogram of one set of labels. */
export interface HistogramSample {
  labels?: Labels
  /** How many were at most as large as each bound, in the order of `bounds`, each with those before it. */
  cumulative: readonly number[]
  count: number
  sum: number
}

interface Described {
  /** Without `_total`. A name that ends with `_seconds` or `_bytes` has that unit. */
  name: string
  help: string
}

/** Metrics of one name. */
export type Family = Described &
  (
    | { type: 'counter' | 'gauge'; samples: readonly Sample[] }
    | { type: 'info'; samples: readonly Labels[] }
    | { type: 'histogram'; bounds: readonly number[]; samples: readonly HistogramSample[] }
  )

export const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
export const PLAIN_TEXT = 'text/plain; version=0.0.4; charset=utf-8'

/** Whether who asks with this `Accept` header reads OpenMetrics. */
export const acceptsOpenMetrics = (accept: string | null | undefined): boolean =>
  accept?.includes('application/openmetrics-text') ?? false

/** The families as text; those without samples are left out. */
export function expose(families: readonly Family[], open: boolean): string {
  const lines = families
    .filter(({ samples }) => samples.length > 0)
    .flatMap((family) => [...head(family, open), ...body(family)])
  return `${lines.join('\n')}\n${open ? '# EOF\n' : ''}`
}

function head({ name, type, help }: Family, open: boolean): string[] {
  const unit = /_(seconds|bytes)$/.exec(name)?.[1]
  // The older format knows the names of samples only, and no `info`.
  const suffix = { counter: '_total', info: '_info', gauge: '', histogram: '' }[type]
  const family = open ? name : `${name}${suffix}`
  return [
    `# TYPE ${family} ${!open && type === 'info' ? 'gauge' : type}`,
    ...(open && unit ? [`# UNIT ${family} ${unit}`] : []),
    `# HELP ${family} ${escaped(help, open)}`,
  ]
}

function body(family: Family): string[] {
  const { name } = family
  if (family.type === 'info') return family.samples.map((labels) => line(`${name}_info`, labels, 1))
  if (family.type !== 'histogram') {
    const suffixed = family.type === 'counter' ? `${name}_total` : name
    return family.samples.map(({ labels, value }) => line(suffixed, labels, value))
  }
  return family.samples.flatMap(({ labels, cumulative, count, sum }) => [
    ...family.bounds.map((bound, index) =>
      line(`${name}_bucket`, { ...labels, le: bounded(bound) }, cumulative[index] ?? 0),
    ),
    line(`${name}_bucket`, { ...labels, le: '+Inf' }, count),
    line(`${name}_sum`, labels, sum),
    line(`${name}_count`, labels, count),
  ])
}

/** Canonical numbers of OpenMetrics have a point: `1.0`. */
const bounded = (bound: number): string => (Number.isInteger(bound) ? `${bound}.0` : `${bound}`)

function line(name: string, labels: Labels | undefined, value: number): string {
  const pairs = Object.entries(labels ?? {}).map(([key, text]) => `${key}="${escaped(text, true)}"`)
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`
}

function escaped(text: string, quotes: boolean): string {
  const plain = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return quotes ? plain.replaceAll('"', '\\"') : plain
}
