/**
 * Stands in for the table of file types in nodemailer, of 76 KB, which names and types attachments: mails of this host have
 * none.
 */
export const detectMimeType = (): string => 'application/octet-stream'
export const detectExtension = (): string => 'bin'
