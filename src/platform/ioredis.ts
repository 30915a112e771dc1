/** Stands in for `ioredis`: `@atproto/oauth-provider` could keep replays in Redis; here it does not. */
export class Redis {
  constructor() {
    throw new Error('Redis is not available on workerd')
  }
}
