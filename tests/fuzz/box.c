/* SPDX-License-Identifier: Apache-2.0 */
/* box: what the Box keeps as bytes of its own: held values (opened already) and stamps of files. */
#include "box/box_internal.h"
#include "fuzz.h"
#include "item/card.h"
#include "restore/held.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(item_free) struct item *it = NULL;
	struct span all = span_of(data, n);
	uint8_t again[STAMP_BYTES];
	struct held h;

	struct app_stamp stamp = stamp_decode(all);
	stamp_encode(again, &stamp);
	if (n == STAMP_BYTES)
		FUZZ_TRUE(span_equal(SPAN_ARRAY(again), all));
	if (held_decode(&h, all, NULL) < 0)
		return 0;
	FUZZ_TRUE(fuzz_within(h.here, all) && fuzz_within(h.backup, all) &&
		  fuzz_within(h.card, all));
	FUZZ_TRUE(2 + HELD_KEY_BYTES + 8 + h.here.n + h.backup.n + h.card.n == n);
	card_parse(&it, h.card, "held", 1, NULL, NULL);
	return 0;
}
