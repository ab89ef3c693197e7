/* SPDX-License-Identifier: Apache-2.0 */
/* corpus: real files for tests; they are found by $CLOUDBOX_CORPUS and never copied. */
#ifndef TEST_CORPUS_H
#define TEST_CORPUS_H

#include <dirent.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

typedef void corpus_fn(void *ctx, const char *path, struct span bytes);

static inline int
corpus_order(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static inline bool
corpus_read(struct buf *out, const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t block[65536];
	size_t n;

	if (!f)
		return false;
	buf_reset(out);
	while ((n = fread(block, 1, sizeof block, f)) > 0)
		if (buf_append(out, span_of(block, n), NULL) < 0)
			break;
	fclose(f);
	return true;
}

/** Call @fn for every file of @folder, in name order.  The number of files, or -1 without corpus. */
static inline int
corpus_each(const char *folder, corpus_fn *fn, void *ctx)
{
	const char *root = getenv("CLOUDBOX_CORPUS");
	char path[4096];
	int n = 0;

	if (!root)
		return -1;
	snprintf(path, sizeof path, "%s/%s", root, folder);
	char *const roots[] = { path, NULL };
	AUTO(buf_clear) struct buf bytes = BUF_INIT((size_t)64 << 20);
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, corpus_order);
	FTSENT *e;
	while (walk && (e = fts_read(walk)) != NULL) {
		if (e->fts_info != FTS_F || !corpus_read(&bytes, e->fts_path))
			continue;
		fn(ctx, e->fts_path + strlen(root) + 1, buf_span(&bytes));
		n++;
	}
	if (walk)
		fts_close(walk);
	return n;
}

#endif
