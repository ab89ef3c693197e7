/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chatty: whatever a backup holds as a message is refused, or is one for Chatty; what Chatty shows of it is
 * again that message, to the byte.
 */
#include "apps/chatty_internal.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO(chatty_message_clear) struct chatty_message m = CHATTY_MESSAGE_INIT;
	AUTO(chatty_message_clear) struct chatty_message again = CHATTY_MESSAGE_INIT;
	AUTO(buf_clear) struct buf shown = BUF_INIT(1 << 24);
	AUTO(buf_clear) struct buf twice = BUF_INIT(1 << 24);
	AUTO(free) uint8_t *exact = fuzz_copy(span_of(p, n));
	struct err err = { 0 };

	if (chatty_message_parse(&m, span_of(exact, n), &err) != 0 ||
	    chatty_message_print(&shown, &m, &err) < 0)
		return 0;
	FUZZ_TRUE(chatty_message_parse(&again, buf_span(&shown), &err) == 0);
	FUZZ_TRUE(chatty_message_print(&twice, &again, &err) == 0);
	FUZZ_TRUE(span_equal(buf_span(&shown), buf_span(&twice)));
	return 0;
}
