/* SPDX-License-Identifier: Apache-2.0 */
/* arena: see arena.h. */
#include "item/arena.h"

struct item_arena {
	struct item_arena *older;
	size_t used, size;
	char bytes[];
};

#define BLOCK_BYTES 1000

static char *
arena_take(struct item_arena **arena, size_t n, struct err *err)
{
	struct item_arena *a = *arena;

	if (!a || a->size - a->used < n) {
		size_t size = n > BLOCK_BYTES ? n : BLOCK_BYTES;
		a = malloc(sizeof *a + size);
		if (!a) {
			err_nomem(err);
			return NULL;
		}
		*a = (struct item_arena){ .older = *arena, .size = size };
		*arena = a;
	}
	char *p = a->bytes + a->used;
	a->used += n;
	return p;
}

int
arena_string(struct item_arena **arena, const char **out, struct span s, struct err *err)
{
	size_t nuls = 0;

	*out = "";
	for (size_t i = 0; i < s.n; i++)
		nuls += s.p[i] == '\0';
	if (s.n == 0)
		return 0;
	char *p = arena_take(arena, s.n + 2 * nuls + 1, err);
	if (!p)
		return -1;
	*out = p;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i]) {
			*p++ = (char)s.p[i];
		} else {
			memcpy(p, "\xef\xbf\xbd", 3);
			p += 3;
		}
	}
	*p = '\0';
	return 0;
}

void
arena_free(struct item_arena *arena)
{
	while (arena) {
		struct item_arena *older = arena->older;
		free(arena);
		arena = older;
	}
}
