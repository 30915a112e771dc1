/**
 * Which metadata properties say where an image was taken. Prefixes are the customary ones: writers
 * do not vary them.
 */

const NAMED = new Set(
  [
    'photoshop:City',
    'photoshop:State',
    'photoshop:Country',
    'Iptc4xmpCore:Location',
    'Iptc4xmpCore:CountryCode',
    'Iptc4xmpExt:LocationCreated',
    'Iptc4xmpExt:LocationShown',
    'Iptc4xmpExt:LocationId',
    'Iptc4xmpExt:LocationName',
    'Iptc4xmpExt:Sublocation',
    'Iptc4xmpExt:City',
    'Iptc4xmpExt:ProvinceState',
    'Iptc4xmpExt:CountryName',
    'Iptc4xmpExt:CountryCode',
    'Iptc4xmpExt:WorldRegion',
    'xmpDM:shotLocation',
    'dc:coverage',
    'dcterms:spatial',
    'georss:point',
    'geo:lat',
    'geo:long',
    'geo:alt',
  ].map((name) => name.toLowerCase()),
)

/** Found with GPS data, but about time, or about the data. */
const NO_PLACE = /^gps(?:versionid|timestamp|datestamp)$/

/** `Longtitude` is how one maker of drones spells it. */
const PLACE = /^gps|latitude|longt?itude/

/** Whether a property, written `prefix:Name`, is about a place. */
export function isLocationName(name: string): boolean {
  const lower = name.toLowerCase()
  if (NAMED.has(lower)) return true
  const local = lower.slice(lower.indexOf(':') + 1)
  return PLACE.test(local) && !NO_PLACE.test(local)
}

/** Whether a text that cannot be parsed might name a place. */
export function mentionsLocation(text: string): boolean {
  return MENTION.test(text)
}

const MENTION = new RegExp(`latitude|longt?itude|:gps|${[...NAMED].join('|')}`, 'i')
