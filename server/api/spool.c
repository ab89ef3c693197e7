/* SPDX-License-Identifier: Apache-2.0 */
/* spool: see spool.h. */
#include "api/spool.h"

#include <errno.h>

#include "os/os.h"

void
spool_init(struct spool *s, int dir_fd)
{
	*s = (struct spool){
		.dir_fd = dir_fd,
		.fd = -1,
		.memory = BUF_INIT(SPOOL_MEMORY_BYTES),
	};
}

void
spool_clear(struct spool *s)
{
	if (s->fd >= 0)
		os->close(s->fd);
	s->fd = -1;
	buf_clear(&s->memory);
}

static int
flush(struct spool *s, struct err *err)
{
	if (s->fd < 0)
		s->fd = os->openat(s->dir_fd, ".", O_TMPFILE | O_RDWR, 0600);
	if (s->fd < 0)
		return err_sys(err, errno, "cannot make a temporary file");
	if (os_write_all(s->fd, buf_span(&s->memory), "a temporary file", err) < 0)
		return -1;
	s->n += s->memory.n;
	buf_reset(&s->memory);
	return 0;
}

int
spool_reserve(struct spool *s, size_t n, struct err *err)
{
	if (s->memory.n + n > s->memory.max && flush(s, err) < 0)
		return -1;
	return buf_reserve(&s->memory, n, err);
}

void
spool_answer(struct spool *s, struct exchange *x)
{
	struct err err;

	if (s->fd < 0) {
		http_answer(x, 200, &s->memory);
		return;
	}
	if (flush(s, &err) < 0) {
		http_fail(x, &err);
		return;
	}
	http_answer_file(x, s->fd, s->n);
	s->fd = -1;
}
