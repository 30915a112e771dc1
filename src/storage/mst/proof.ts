import type { Node } from './node.ts'
import { search, type Tree } from './tree.ts'

/** How a key changed; what it takes to invert that differs. */
export type ChangeKind = 'create' | 'update' | 'delete'

/**
 * Collects the nodes of the new tree that are needed to invert a change of `key`, and so to verify the root of
 * the old tree, without any other node (sync specification, inductive firehose):
 *
 * - always the path from the root to where the key is or would be;
 * - for a key that was created, also the edges of the two subtrees beside it, which merge without it.
 *
 * For a key that was deleted the path goes on to the bottom, along the line at which a subtree splits again.
 */
export function collectProof(tree: Tree, key: string, kind: ChangeKind, into: Set<Node>): void {
  let node: Node | null = tree.root
  while (node) {
    into.add(node)
    const index = search(node, key)
    if (node.entries[index]?.key === key) {
      if (kind === 'create') {
        edge(tree, tree.child(node, index), 'right', into)
        edge(tree, tree.child(node, index + 1), 'left', into)
      }
      return
    }
    node = tree.child(node, index)
  }
}

function edge(tree: Tree, start: Node | null, side: 'left' | 'right', into: Set<Node>): void {
  let node = start
  while (node) {
    into.add(node)
    node = tree.child(node, side === 'left' ? 0 : node.entries.length)
  }
}
