/* SPDX-License-Identifier: Apache-2.0 */
/* os_fault: see os_fault.h. */
#include "os_fault.h"

#include <errno.h>
#include <unistd.h>

#include "os/os.h"

static struct os_fault *active;

/* Does this call fail?  Sets errno if so. */
static bool
fails(void)
{
	if (!active || ++active->calls < active->nth)
		return false;
	if (active->calls > active->nth && active->kind != OS_FAULT_FOR_EVER)
		return false;
	active->fired = true;
	if (active->kind == OS_FAULT_KILL)
		_exit(OS_FAULT_EXIT);
	errno = active->sys_errno;
	return active->kind != OS_FAULT_SHORT;
}

static int
fault_openat(int dir_fd, const char *path, int flags, mode_t mode)
{
	return fails() ? -1 : os_kernel.openat(dir_fd, path, flags, mode);
}

static int
fault_open_beneath(int dir_fd, const char *path, int flags, mode_t mode)
{
	return fails() ? -1 : os_kernel.open_beneath(dir_fd, path, flags, mode);
}

static ssize_t
fault_read(int fd, void *p, size_t n)
{
	return fails() ? -1 : os_kernel.read(fd, p, n);
}

static ssize_t
fault_pread(int fd, void *p, size_t n, off_t at)
{
	return fails() ? -1 : os_kernel.pread(fd, p, n, at);
}

static ssize_t
fault_write(int fd, const void *p, size_t n)
{
	if (fails())
		return -1;
	bool cut = active && active->kind == OS_FAULT_SHORT && active->calls == active->nth;
	return os_kernel.write(fd, p, cut && n > 1 ? n / 2 : n);
}

static int
fault_fstat(int fd, struct stat *st)
{
	return fails() ? -1 : os_kernel.fstat(fd, st);
}

static int
fault_fstatat(int dir_fd, const char *path, struct stat *st, int flags)
{
	return fails() ? -1 : os_kernel.fstatat(dir_fd, path, st, flags);
}

static int
fault_fsync(int fd)
{
	return fails() ? -1 : os_kernel.fsync(fd);
}

static int
fault_syncfs(int fd)
{
	return fails() ? -1 : os_kernel.syncfs(fd);
}

static int
fault_ftruncate(int fd, off_t n)
{
	return fails() ? -1 : os_kernel.ftruncate(fd, n);
}

static int
fault_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return fails() ? -1 : os_kernel.renameat(from_fd, from, to_fd, to);
}

static int
fault_rename_new(int from_fd, const char *from, int to_fd, const char *to)
{
	return fails() ? -1 : os_kernel.rename_new(from_fd, from, to_fd, to);
}

static int
fault_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	return fails() ? -1 : os_kernel.linkat(from_fd, from, to_fd, to, flags);
}

static int
fault_unlinkat(int dir_fd, const char *path, int flags)
{
	return fails() ? -1 : os_kernel.unlinkat(dir_fd, path, flags);
}

static int
fault_mkdirat(int dir_fd, const char *path, mode_t mode)
{
	return fails() ? -1 : os_kernel.mkdirat(dir_fd, path, mode);
}

void
os_fault_at(struct os_fault *fault, unsigned nth, int sys_errno, enum os_fault_kind kind)
{
	static struct os table;

	*fault = (struct os_fault){ .nth = nth, .sys_errno = sys_errno, .kind = kind };
	active = fault;
	table = os_kernel;
	table.openat = fault_openat;
	table.open_beneath = fault_open_beneath;
	table.read = fault_read;
	table.pread = fault_pread;
	table.write = fault_write;
	table.fstat = fault_fstat;
	table.fstatat = fault_fstatat;
	table.fsync = fault_fsync;
	table.syncfs = fault_syncfs;
	table.ftruncate = fault_ftruncate;
	table.renameat = fault_renameat;
	table.rename_new = fault_rename_new;
	table.linkat = fault_linkat;
	table.unlinkat = fault_unlinkat;
	table.mkdirat = fault_mkdirat;
	os = &table;
}

void
os_fault_end(struct os_fault *fault)
{
	(void)fault;
	active = NULL;
	os = &os_kernel;
}
