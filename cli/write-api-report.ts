/**
 * `npm run api`: what the package exports to projects, as declarations, in `docs/api/`. A change of it is seen in review,
 * and `--check` fails where the report is not of today.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
  type IConfigFile,
} from '@microsoft/api-extractor'
import { PACKAGE_ROOT } from './host/bundle.ts'

const PACKAGE = join(PACKAGE_ROOT, 'dist', 'package')
const REPORTS = join(PACKAGE_ROOT, 'docs', 'api')
const TEMPORARY = join(PACKAGE_ROOT, 'dist', 'api')

/** Whose names a project imports, by the name of the report. */
const ENTRIES = {
  cumulus: 'src/framework/index.d.ts',
  'cumulus-seeds': 'src/framework/seeds.d.ts',
  'cumulus-testing': 'src/testing/index.d.ts',
  'cumulus-vitest': 'cli/testing/vitest.d.ts',
}

const isCheck = process.argv.includes('--check')
// A check is of what was built just now, by the tests.
if (!isCheck || !existsSync(PACKAGE)) await import('./write-package.ts')
mkdirSync(REPORTS, { recursive: true })
for (const [name, entry] of Object.entries(ENTRIES)) report(name, entry)
rmSync(TEMPORARY, { recursive: true, force: true })

function report(name: string, entry: string): void {
  const nothing = { default: { logLevel: ExtractorLogLevel.None } }
  const configObject: IConfigFile = {
    projectFolder: PACKAGE,
    mainEntryPointFilePath: join(PACKAGE, entry),
    compiler: {
      overrideTsconfig: {
        compilerOptions: {
          lib: ['ES2023'],
          module: 'ESNext',
          moduleResolution: 'bundler',
          types: ['@cloudflare/workers-types', 'node'],
          typeRoots: ['node_modules/@types', 'node_modules'].map((path) =>
            join(PACKAGE_ROOT, path),
          ),
          strict: true,
          skipLibCheck: true,
          allowImportingTsExtensions: true,
          noEmit: true,
        },
        files: [entry, 'src/text-modules.d.ts'],
      },
    },
    apiReport: {
      enabled: true,
      reportFileName: `${name}.api.md`,
      reportFolder: REPORTS,
      reportTempFolder: TEMPORARY,
    },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    messages: {
      compilerMessageReporting: nothing,
      extractorMessageReporting: nothing,
      tsdocMessageReporting: nothing,
    },
  }
  const config = ExtractorConfig.prepare({
    configObject,
    configObjectFullPath: undefined,
    packageJsonFullPath: join(PACKAGE, 'package.json'),
  })
  const { apiReportChanged } = Extractor.invoke(config, {
    localBuild: !isCheck,
    messageCallback: (message) => {
      message.handled = message.logLevel !== 'error'
    },
  })
  if (!apiReportChanged) return
  const path = `docs/api/${name}.api.md`
  if (!isCheck) process.stdout.write(`~ ${path}\n`)
  else {
    process.stderr.write(
      `${path} is not what the package exports: run \`npm run api\`, and look at what changes for projects.\n`,
    )
    process.exitCode = 1
  }
}
