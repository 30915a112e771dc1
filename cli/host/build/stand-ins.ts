/**
 * Parts of packages that no Worker of this host gets to, and the same library twice: left out of the bundle, which is parsed as
 * a whole at each start. `wrangler deploy` by itself has them all, and does the same. What nothing can do without stands in
 * `[alias]` of wrangler.toml.
 */
import { readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import type { Plugin } from 'esbuild'
import { PACKAGE_ROOT } from '../bundle.ts'

interface StandIn {
  /** What is imported, as it is written there. */
  names: readonly string[]
  /** Where: others, such as handlers of a project, get what they ask for. */
  importer: RegExp
  /** In `src/platform/`, with the reason; or a package of this one's, or what is in it. */
  by: { platform: string } | { package: string }
}

const STAND_INS: readonly StandIn[] = [
  {
    names: [
      'reflect-metadata',
      '@peculiar/x509',
      '@peculiar/asn1-android',
      '@peculiar/asn1-ecc',
      '@peculiar/asn1-rsa',
      '@peculiar/asn1-schema',
      '@peculiar/asn1-x509',
      '@peculiar/asn1-x509-post-quantum',
    ],
    importer: within('@simplewebauthn/server/esm'),
    by: { platform: 'attestation-certificates' },
  },
  {
    names: [
      './verifications/verifyAttestationFIDOU2F.js',
      './verifications/verifyAttestationPacked.js',
      './verifications/verifyAttestationAndroidSafetyNet.js',
      './verifications/tpm/verifyAttestationTPM.js',
      './verifications/verifyAttestationAndroidKey.js',
      './verifications/verifyAttestationApple.js',
      './defaultRootCerts/android-safetynet.js',
      './defaultRootCerts/android-key.js',
      './defaultRootCerts/apple.js',
      './defaultRootCerts/mds.js',
    ],
    importer: within('@simplewebauthn/server/esm/(registration|services)'),
    by: { platform: 'attestation' },
  },
  {
    names: ['./mime-types.js'],
    importer: within('nodemailer/dist/esm/mime-funcs'),
    by: { platform: 'mail-file-types' },
  },
  {
    // Each has an older one of its own, which does the same.
    names: ['jose'],
    importer: within('@atproto/(oauth-provider|jwk-jose)/dist'),
    by: { package: 'jose' },
  },
  {
    names: ['@atproto/lex-client'],
    importer: within('@atproto/xrpc-server/dist'),
    by: { platform: 'lex-client' },
  },
  {
    names: ['@atproto/lex-schema'],
    importer: within('@atproto/xrpc-server/dist'),
    by: { platform: 'lex-schema' },
  },
  {
    names: ['@hapi/hoek'],
    importer: within('@hapi/(boom|accept|address)/(lib|esm)'),
    by: { platform: 'hapi-hoek' },
  },
  {
    // A newer one of its own, which does the same as that which signatures are made with.
    names: [
      '@noble/hashes/hkdf.js',
      '@noble/hashes/hmac.js',
      '@noble/hashes/scrypt.js',
      '@noble/hashes/sha2.js',
      '@noble/hashes/utils.js',
    ],
    importer: within('age-encryption/dist'),
    by: { package: '@noble/hashes' },
  },
  { names: ['pino'], importer: within('@atproto/common/dist'), by: { platform: 'pino' } },
  { names: ['debug'], importer: within('@tokenizer/inflate/lib'), by: { platform: 'debug' } },
]

function within(folder: string): RegExp {
  return new RegExp(`[\\\\/]node_modules[\\\\/]${folder.replaceAll('/', '[\\\\/]')}[\\\\/]`)
}

/**
 * Packages that do not say that their modules only define what they export, and are taken whole otherwise: for one check of
 * an address, or of a signature.
 */
const DEFINE_ONLY = within('(@hapi/address|@simplewebauthn/server)/esm')

/** Of the files of the provider's pages, what it asks for: hashes are in their names, and they are served by `src/oauth/assets.ts`. */
const MANIFEST = within('@atproto/oauth-provider-ui/dist')

/** To come before what bundles as wrangler does. */
export const standIns: Plugin = {
  name: 'stand-ins',
  setup(build) {
    for (const { names, importer: where, by } of STAND_INS) {
      const filter = new RegExp(
        `^(${names.map((name) => name.replace(/[^\w]/g, '\\$&')).join('|')})$`,
      )
      build.onResolve({ filter }, async ({ path: name, importer, kind }) => {
        if (!where.test(importer)) return undefined
        if ('platform' in by) return { path: platformFile(by.platform) }
        const wanted = name.startsWith(`${by.package}/`) ? name : by.package
        const { path } = await build.resolve(wanted, { kind, resolveDir: PACKAGE_ROOT })
        return { path }
      })
    }
    build.onResolve({ filter: /^(\.|@hapi\/address$|@simplewebauthn\/server)/ }, async (args) => {
      const { path: name, kind, importer, resolveDir, pluginData } = args
      if (pluginData === INNER || kind !== 'import-statement') return undefined
      if (name.startsWith('.') && !DEFINE_ONLY.test(importer)) return undefined
      const { path } = await build.resolve(name, { kind, importer, resolveDir, pluginData: INNER })
      return DEFINE_ONLY.test(path) ? { path, sideEffects: false } : undefined
    })
    build.onLoad({ filter: /bundle-manifest\.json$/ }, ({ path }) => {
      if (!MANIFEST.test(path)) return undefined
      const files = JSON.parse(readFileSync(path, 'utf8')) as Record<string, object>
      const contents = JSON.stringify(files, (name, value: unknown) =>
        name === 'sha256' || name === 'dynamicImports' ? undefined : value,
      )
      return { contents, loader: 'json' }
    })
  },
}

/** Marks a request of this plugin's own. */
const INNER = Symbol('to find the file')

/** TypeScript in a checkout, JavaScript in the package, as this file is. */
const platformFile = (name: string): string =>
  join(PACKAGE_ROOT, 'src', 'platform', `${name}${extname(import.meta.filename)}`)
