import type { ServiceName } from '../../routing/policy.ts'
import type { AnyDefinition } from './define.ts'

/** One method in the generated table `src/generated/routes.ts`: what it is and where it goes. */
export type GeneratedRoute = {
  readonly kind: 'query' | 'procedure' | 'subscription'
} & (
  | {
      /** Served here; the handler file is loaded when its method is first called. */
      readonly to: 'local'
      readonly load: () => Promise<{ default: AnyDefinition }>
    }
  | { readonly to: 'proxy'; readonly service: ServiceName }
  | { readonly to: 'refuse' }
)
