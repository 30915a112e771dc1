/** Views of the caller's profile, brought up to date. */
import type { ProfileViewBasic, ProfileViewDetailed } from '#types/app/bsky/actor/defs'
import type { Record as Profile } from '#types/app/bsky/actor/profile'
import type { ImageUrl } from './image-url.ts'

/** The small view, as it stands beside posts. What the record does not have is taken out. */
export function refreshBasic<View extends Omit<ProfileViewBasic, '$type'>>(
  view: View,
  { displayName, pronouns, avatar }: Profile,
  imageUrl: ImageUrl,
): View {
  return {
    ...view,
    displayName,
    pronouns,
    avatar: avatar && imageUrl('avatar', avatar),
  }
}

/** The view of a profile page. */
export function refreshDetailed(
  view: ProfileViewDetailed,
  profile: Profile,
  imageUrl: ImageUrl,
): ProfileViewDetailed {
  const { description, website, banner, pinnedPost } = profile
  return {
    ...refreshBasic(view, profile, imageUrl),
    description,
    website,
    pinnedPost,
    banner: banner && imageUrl('banner', banner),
  }
}
