/* SPDX-License-Identifier: Apache-2.0 */
/* GVDB: whatever the file says, keys and values lie in it, and so does what a bookmark consists of. */
#include "apps/gvdb.h"
#include "fuzz.h"

static void
check_bookmark(struct span value, struct span file)
{
	struct gvdb_bookmark b;

	if (gvdb_bookmark_parse(&b, value, NULL) < 0)
		return;
	FUZZ_TRUE(fuzz_within(b.title, file) && fuzz_within(b.id, file));
	for (size_t i = 0; i < b.n_tags; i++)
		FUZZ_TRUE(fuzz_within(b.tags[i], file));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span file = span_of(data, n);
	struct gvdb_table root, inner;
	struct gvdb_item item;

	check_bookmark(file, file);
	if (gvdb_open(&root, file, NULL) < 0)
		return 0;
	if (!gvdb_table(&inner, &root, "bookmarks"))
		inner = root;
	for (size_t i = 0; i < inner.n; i++) {
		if (!gvdb_item(&item, &inner, i))
			continue;
		FUZZ_TRUE(fuzz_within(item.key, file) && fuzz_within(item.value, file));
		check_bookmark(item.value, file);
	}
	return 0;
}
