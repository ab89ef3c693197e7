/* SPDX-License-Identifier: Apache-2.0 */
/* scratch: see scratch.h. */
#include "os/scratch.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "os/os.h"

#define WRITE_BYTES ((size_t)64 << 10) /* gathered before they are written */
#define PIECE_MAX   (UINT32_MAX - crypto_secretbox_MACBYTES)

struct scratch {
	int fd;
	uint64_t written;   /* bytes of the file */
	struct buf waiting; /* what comes next in it */
	struct buf sealed;  /* one piece, while it is read */
	uint8_t key[crypto_secretbox_KEYBYTES];
};

/* Open and without a name: made so, or, where the file system cannot, unlinked at once. */
static int
open_unnamed(int *fd, int dir_fd, struct err *err)
{
	uint8_t random[8];
	char tag[2 * sizeof random + 1], name[48];

	*fd = os->openat(dir_fd, ".", O_TMPFILE | O_RDWR | O_EXCL, 0600);
	if (*fd >= 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOENT)
		return err_sys(err, errno, "cannot create a temporary file");
	os_random(random, sizeof random);
	hex_encode(tag, SPAN_ARRAY(random));
	snprintf(name, sizeof name, ".cloudbox-%s~", tag);
	*fd = os->openat(dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return err_sys(err, errno, "cannot create a temporary file");
	if (os->unlinkat(dir_fd, name, 0) < 0)
		return err_sys(err, errno, "cannot remove a temporary file");
	return 0;
}

int
scratch_new(struct scratch **out, int dir_fd, struct err *err)
{
	AUTO(scratch_free) struct scratch *s = calloc(1, sizeof *s);

	if (!s)
		return err_nomem(err);
	s->fd = -1;
	s->waiting.max = s->sealed.max = SIZE_MAX / 4;
	crypto_secretbox_keygen(s->key);
	if (open_unnamed(&s->fd, dir_fd, err) < 0)
		return -1;
	*out = TAKE(s);
	return 0;
}

int
scratch_new_temporary(struct scratch **out, struct err *err)
{
	const char *folder = getenv("TMPDIR");
	int fd, rc;

	if (!folder || folder[0] != '/')
		folder = "/var/tmp";
	fd = os->openat(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, errno, "cannot open %s", folder);
	rc = scratch_new(out, fd, err);
	os->close(fd);
	return rc;
}

void
scratch_free(struct scratch *s)
{
	if (!s)
		return;
	if (s->fd >= 0)
		os->close(s->fd);
	buf_clear(&s->waiting);
	buf_clear(&s->sealed);
	sodium_memzero(s->key, sizeof s->key);
	free(s);
}

static int
write_waiting(struct scratch *s, struct err *err)
{
	if (os_write_all(s->fd, buf_span(&s->waiting), "a temporary file", err) < 0)
		return -1;
	s->written += s->waiting.n;
	buf_reset(&s->waiting);
	return 0;
}

static void
nonce_of(uint8_t nonce[static crypto_secretbox_NONCEBYTES], uint64_t at)
{
	memset(nonce, 0, crypto_secretbox_NONCEBYTES);
	put_u64(nonce, at);
}

int
scratch_put(struct scratch_place *out, struct scratch *s, struct span bytes, struct err *err)
{
	uint8_t nonce[crypto_secretbox_NONCEBYTES], *p;

	if (bytes.n > PIECE_MAX)
		return err_set(err, ERR_LIMIT, "a piece of more than 4 GiB");
	*out = (struct scratch_place){ s->written + s->waiting.n, (uint32_t)bytes.n };
	if (buf_extend(&s->waiting, bytes.n + crypto_secretbox_MACBYTES, &p, err) < 0)
		return -1;
	nonce_of(nonce, out->at);
	crypto_secretbox_easy(p, bytes.n ? bytes.p : p, bytes.n, nonce, s->key);
	return s->waiting.n >= WRITE_BYTES ? write_waiting(s, err) : 0;
}

static int
read_piece(struct scratch *s, uint64_t at, uint8_t *p, size_t n, struct err *err)
{
	for (size_t got = 0; got < n;) {
		ssize_t r = os->pread(s->fd, p + got, n - got, (off_t)(at + got));

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(err, errno, "cannot read a temporary file");
		if (r == 0)
			return err_set(err, ERR_IO, "a temporary file is cut short");
		got += (size_t)r;
	}
	return 0;
}

int
scratch_get(struct buf *out, struct scratch *s, struct scratch_place place, struct err *err)
{
	size_t n = (size_t)place.n + crypto_secretbox_MACBYTES;
	uint8_t nonce[crypto_secretbox_NONCEBYTES], *from, *to;

	if (place.at >= s->written) {
		from = s->waiting.p + (place.at - s->written);
	} else {
		buf_reset(&s->sealed);
		if (buf_extend(&s->sealed, n, &from, err) < 0 ||
		    read_piece(s, place.at, from, n, err) < 0)
			return -1;
	}
	if (buf_extend(out, place.n, &to, err) < 0)
		return -1;
	nonce_of(nonce, place.at);
	if (crypto_secretbox_open_easy(to, from, n, nonce, s->key) == 0)
		return 0;
	out->n -= place.n;
	return err_set(err, ERR_IO, "a temporary file does not hold what was written to it");
}
