/** Where the pages of moving in are. */
export const MIGRATE = '/migrate'
