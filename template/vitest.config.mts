import { workerTests } from 'cumulus/vitest'
import { defineConfig } from 'vitest/config'

/** Tests beside the source run inside workerd, each file with a host of its own. */
export default defineConfig(workerTests())
