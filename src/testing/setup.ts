/** For each file of tests in workerd: parts of the server that are tested alone know the tree, too. */
import { schemas } from '../generated/schemas.ts'
import { useSchemas } from '../kernel/lexicons.ts'

useSchemas(schemas)
