/** The benchmark, whose servers nothing else starts: a run of a few rows, without the reference and in a second. */
import { expect, test } from 'vitest'
import { Cleanup } from '../../bench/cleanup.ts'
import { run } from '../../bench/run.ts'

test('the benchmark starts its servers, makes accounts and measures', async () => {
  const cleanup = new Cleanup()
  try {
    const report = await run(
      {
        only: ['floor-call', 'createRecord', 'getRecord-16', 'firehose', 'accounts'],
        sizes: [200],
        accounts: [2, 21],
        pace: { seconds: 0.05, least: 2, most: 2, spread: 1 },
        quick: true,
        baselines: [],
      },
      cleanup,
    )
    expect(report.failures).toEqual([])
    const [rows] = report.tables
    expect(rows?.lines.map(([name, server]) => [name, server])).toEqual([
      ['floor-call', 'floor'],
      ['createRecord', 'cumulus'],
      ['', 'floor'],
      ['createRecord-16', 'cumulus'],
      ['', 'floor'],
      ['getRecord-16', 'cumulus'],
      ['', 'floor'],
      ['firehose', 'cumulus'],
    ])
    const [rate, cpu] = ['rate', 'CPU'].map((column) => rows?.head.indexOf(column) ?? -1)
    for (const line of rows?.lines ?? []) {
      expect(line[rate ?? -1], `${line}`).toBeGreaterThan(0)
      expect(line[cpu ?? -1], `${line}`).toBeGreaterThanOrEqual(0)
    }
    expect(report.aims.count.all).toBeGreaterThan(5)
  } finally {
    await cleanup.run()
  }
  // It may be the first to build the bundle.
}, 120_000)
