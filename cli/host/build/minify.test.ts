import { SourceMap } from 'node:module'
import { buildSync } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { MinifyError, minify, type Script } from './minify.ts'

const SOURCE = `export function greet(who) {
  const greeting = "“Grüße” 😀, " + who
  return [greeting, greeting.length]
}
export function fail(why) {
  throw new TypeError(why)
}
`

/** As the bundle is made: by esbuild, with a map beside it. */
function bundled(contents: string, keepNames = false): Script {
  const { outputFiles } = buildSync({
    stdin: { contents, sourcefile: 'source.js', loader: 'js' },
    outfile: 'out.js',
    format: 'esm',
    minify: true,
    keepNames,
    sourcemap: 'external',
    write: false,
  })
  const [map, code] = outputFiles.map(({ text }) => text)
  return { code: code ?? '', map: map ?? '' }
}

const evaluated = async (code: string): Promise<Record<string, (what: string) => unknown>> =>
  await import(`data:text/javascript,${encodeURIComponent(code)}`)

describe('minify', () => {
  it('keeps what a module does, in ASCII', async () => {
    const { code } = minify('out.js', bundled(SOURCE), false)
    const { greet } = await evaluated(code)
    expect(greet?.('Ann')).toEqual(['“Grüße” 😀, Ann', 15])
    expect(code).toMatch(/^[\0-\x7f]*$/)
  })

  it('leads back to the source, behind characters that are not ASCII, too', () => {
    const { code, map } = minify('out.js', bundled(SOURCE), false)
    const places = new SourceMap(JSON.parse(map))
    const line = code.split('\n').findIndex((text) => text.includes('TypeError'))
    const column = code.split('\n')[line]?.indexOf('TypeError') ?? -1
    expect(code.split('\n')[line]?.slice(0, column)).toContain('\\u201c')
    expect(places.findEntry(line, column)).toMatchObject({
      originalSource: 'source.js',
      originalLine: 5,
      originalColumn: 12,
    })
    expect(JSON.parse(map)).toMatchObject({ sourcesContent: [SOURCE] })
  })

  it('leaves text that a tag may look at as it is written', async () => {
    const source = 'export const raw = (what) => String.raw`„\\d“` + what'
    const { code } = minify('out.js', bundled(source), false)
    expect((await evaluated(code)).raw?.('a')).toBe('„\\d“a')
  })

  it('keeps names where they are to be kept', async () => {
    const source = 'export const make = () => { class Kept {} return new Kept() }'
    const name = async (keep: boolean) => {
      const { code } = minify('out.js', bundled(source, keep), keep)
      return Object(await evaluated(code).then(({ make }) => make?.(''))).constructor.name
    }
    expect(await name(true)).toBe('Kept')
    expect(await name(false)).not.toBe('Kept')
  })

  it('names the module that it cannot read', () => {
    expect(() => minify('broken.js', { code: 'export const = 1', map: '{}' }, false)).toThrow(
      expect.objectContaining({
        name: MinifyError.name,
        message: expect.stringMatching(/^broken\.js: .*Unexpected token.*broken\.js:1:14/s),
      }),
    )
  })
})
