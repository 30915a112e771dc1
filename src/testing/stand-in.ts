/** A stand-in for something of which only some methods are called; what is not given is not there. */
export const standIn = <T extends object>(methods: Partial<T>): T => methods as T
