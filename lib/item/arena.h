/* SPDX-License-Identifier: Apache-2.0 */
/* arena: the strings of one item; all go at once. */
#ifndef ITEM_ARENA_H
#define ITEM_ARENA_H

#include "base/auto.h"
#include "base/err.h"
#include "base/span.h"

struct item_arena; /* a list of blocks, newest first */

/** A copy of @s as a C string in *@out; a NUL within becomes U+FFFD.  The empty one takes no room.
 */
int arena_string(struct item_arena **arena, const char **out, struct span s, struct err *err);

void arena_free(struct item_arena *arena);

#endif
