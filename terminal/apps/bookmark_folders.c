/* SPDX-License-Identifier: Apache-2.0 */
/* bookmark_folders: see bookmark_folders.h. */
#include "apps/bookmark_folders.h"

#include <stdlib.h>

#include "base/array.h"

void
bookmark_folders_clear(struct bookmark_folders *fs)
{
	free(fs->list);
	free(fs->buckets);
	arena_free(fs->arena);
	*fs = (struct bookmark_folders){ .n = 0 };
}

/* FNV-1a; names are the user's own, nobody gains by making them collide. */
static size_t
bucket_of(const struct bookmark_folders *fs, uint32_t parent, struct span name)
{
	uint64_t h = 0xcbf29ce484222325u ^ parent;

	for (size_t i = 0; i < name.n; i++)
		h = (h ^ name.p[i]) * 0x100000001b3u;
	return (size_t)(h ^ h >> 32) & (fs->n_buckets - 1);
}

uint32_t
bookmark_folders_find(const struct bookmark_folders *fs, uint32_t parent, struct span name)
{
	if (fs->n_buckets == 0)
		return BOOKMARK_NO_FOLDER;
	uint32_t at = fs->buckets[bucket_of(fs, parent, name)];

	while (at != BOOKMARK_NO_FOLDER &&
	       !(fs->list[at].parent == parent && span_equal(fs->list[at].name, name)))
		at = fs->list[at].next;
	return at;
}

static void
link_in(struct bookmark_folders *fs, uint32_t folder)
{
	struct bookmark_folder *f = &fs->list[folder];
	uint32_t *bucket;

	if (bookmark_folders_find(fs, f->parent, f->name) != BOOKMARK_NO_FOLDER)
		return; /* the first one is found */
	bucket = &fs->buckets[bucket_of(fs, f->parent, f->name)];
	f->next = *bucket;
	*bucket = folder;
}

static int
grow_buckets(struct bookmark_folders *fs, struct err *err)
{
	size_t n = fs->n_buckets ? 2 * fs->n_buckets : 64;
	uint32_t *more;

	if (fs->n < fs->n_buckets)
		return 0;
	more = reallocarray(fs->buckets, n, sizeof *more);
	if (!more)
		return err_nomem(err);
	fs->buckets = more;
	fs->n_buckets = n;
	memset(more, 0xff, n * sizeof *more);
	for (uint32_t i = 0; i < fs->n; i++)
		link_in(fs, i);
	return 0;
}

int
bookmark_folders_add(uint32_t *out, struct bookmark_folders *fs, uint32_t parent,
		     enum bookmark_root root, struct span name, struct err *err)
{
	const char *copy;

	if (array_reserve((void **)&fs->list, &fs->cap, fs->n + 1, sizeof *fs->list,
			  BOOKMARK_FOLDERS_MAX, err) < 0 ||
	    grow_buckets(fs, err) < 0 || arena_string(&fs->arena, &copy, name, err) < 0)
		return -1;
	*out = (uint32_t)fs->n;
	fs->list[fs->n++] = (struct bookmark_folder){
		.parent = parent,
		.depth = parent == BOOKMARK_NO_FOLDER ? 0 : fs->list[parent].depth + 1,
		.root = root,
		.name = span_str(copy),
	};
	link_in(fs, *out);
	return 0;
}

bool
bookmark_folders_path(struct bookmark *out, struct span *names, const struct bookmark_folders *fs,
		      uint32_t folder)
{
	const struct bookmark_folder *f = &fs->list[folder];

	if (f->depth > BOOKMARK_DEPTH_MAX)
		return false;
	out->root = f->root;
	out->folders = names;
	out->n_folders = f->depth;
	for (; f->depth; f = &fs->list[f->parent])
		names[f->depth - 1] = f->name;
	return true;
}
