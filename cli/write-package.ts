/**
 * `npm run package`: the package that projects build on, in `dist/package/`: JavaScript with declarations, since Node takes
 * no types out of files below `node_modules`. `create-cumulus` beside it is for `npm create`.
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { ts } from 'ts-morph'
import { packageVersion } from '../codegen/packages.ts'
import { LOCK } from './create/create.ts'
import { PACKAGE_ROOT } from './host/bundle.ts'
import { writeCreatePackage } from './write-create-package.ts'

const OUT = join(PACKAGE_ROOT, 'dist', 'package')

/** What comes along as it is. */
const COPIED = [
  ...['lexicons', 'lexicon.schema.json', 'template', 'wrangler.toml'],
  ...['CHANGELOG.md', 'LICENSE', 'README.md'],
  // Messages name pages of it.
  'docs',
  // What the compiler leaves where it is: text, and what is copied into clients of projects.
  ...['src/generated/docs.txt', 'src/services/accounts/disposable-domains.txt'],
  ...['src/framework/text-modules.d.ts', 'codegen/client/runtime'],
]

/** What of the repository's package.json is the package's, too. */
const KEPT = ['name', 'version', 'description', 'license', 'type', 'engines'] as const

/** Libraries that the program needs, and that are tools to this repository. */
const TOOLS = ['ts-morph']

/** What only the tests of a project need, which has them. */
const OPTIONAL = ['@cloudflare/vitest-plugin', 'vitest']

type Manifest = Record<(typeof KEPT)[number], unknown> & {
  exports: Record<string, string>
  name: string
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}

const manifest: Manifest = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8'))

rmSync(OUT, { recursive: true, force: true })
mkdirSync(OUT, { recursive: true })
compile()
const { include: _, ...shared } = JSON.parse(
  readFileSync(join(PACKAGE_ROOT, 'tsconfig.json'), 'utf8'),
)
writeFileSync(join(OUT, 'tsconfig.json'), `${JSON.stringify(shared, null, 2)}\n`)
for (const path of COPIED) cpSync(join(PACKAGE_ROOT, path), join(OUT, path), { recursive: true })
writeFileSync(join(OUT, 'package.json'), `${JSON.stringify(packageManifest(), null, 2)}\n`)
cpSync(join(PACKAGE_ROOT, 'package-lock.json'), join(OUT, LOCK))
for (const path of Object.values(packageManifest().bin)) chmodSync(join(OUT, path), 0o755)
writeCreatePackage(manifest)

/** What is type-checked elsewhere is only translated here. */
function compile(): void {
  const config = join(OUT, 'tsconfig.json')
  const options = {
    extends: '../../tsconfig.json',
    compilerOptions: {
      noEmit: false,
      noCheck: true,
      declaration: true,
      rewriteRelativeImportExtensions: true,
      rootDir: PACKAGE_ROOT,
      outDir: OUT,
    },
    include: ['src', 'cli', 'codegen'].map((folder) => join(PACKAGE_ROOT, folder)),
    exclude: [
      '**/*.test.ts',
      'codegen/testing',
      'codegen/client/runtime',
      'src/testing',
      'cli/write-*.ts',
      'codegen/write-*.ts',
    ].map((path) => join(PACKAGE_ROOT, path)),
    // Of what is for tests, only what projects test with.
    files: [join(PACKAGE_ROOT, 'src/testing/index.ts')],
  }
  writeFileSync(config, JSON.stringify(options))
  const compiler = join(PACKAGE_ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status } = spawnSync(process.execPath, [compiler, '-p', config], { stdio: 'inherit' })
  rmSync(config)
  if (status !== 0) process.exit(status ?? 1)
}

function packageManifest() {
  const kept = Object.fromEntries(KEPT.map((name) => [name, manifest[name]]))
  const built = (paths: Record<string, string>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(paths).map(([name, path]) => [name, path.replace(/\.ts$/, '.js')]),
    )
  return {
    ...kept,
    // A checkout has another one, which sees first whether its packages are installed.
    bin: built({ cumulus: 'cli/cumulus.ts' }),
    exports: built(manifest.exports),
    imports: {
      '#lex/*': './src/generated/methods/*.js',
      '#types/*': './src/generated/types/*.js',
      '#src/*.ts': './src/*.js',
    },
    dependencies: dependencies(),
    // Of these, the versions that `cumulus create` gives a project.
    devDependencies: manifest.devDependencies,
  }
}

/** Those of the repository, and what else is imported: at home it is there because others depend on it. */
function dependencies(): Record<string, string> {
  const found = new Set(TOOLS)
  for (const entry of readdirSync(OUT, { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.js')) continue
    const code = readFileSync(join(OUT, entry), 'utf8')
    for (const { fileName } of ts.preProcessFile(code).importedFiles) {
      const name = /^(@[^/]+\/)?[a-z][^/:]*(?=$|\/)/.exec(fileName)?.[0]
      if (name !== undefined && name !== manifest.name) found.add(name)
    }
  }
  const missing = [...found].filter(
    (name) => !(name in manifest.dependencies) && !OPTIONAL.includes(name),
  )
  return {
    ...manifest.dependencies,
    ...Object.fromEntries(missing.map((name) => [name, packageVersion(name)])),
  }
}
