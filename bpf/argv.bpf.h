/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line: read from the memory of the current process, or kept from exec on for those whose memory
 * is out of reach.
 */
#ifndef SIGTRACE_ARGV_BPF_H
#define SIGTRACE_ARGV_BPF_H

#include "kernel.bpf.h"
#include "maps.bpf.h"

#define SMALLEST_PAGE 4096 /* of any machine: its ends are ends of larger pages, too, or lie within one */

/*
 * A title that reaches beyond argv into the environment: get_mm_cmdline(), fs/proc/base.c, knows it by argv's last
 * byte, which is not the NUL that exec has put there. It ends with its first NUL.
 */
static __always_inline void own_title(struct process_record *record, struct mm_struct *mm, char *text)
{
	__u64 start = READ(mm, arg_start), room = READ(mm, env_end) - start;
	long size;

	if (READ(mm, env_start) != READ(mm, arg_end))
		return;
	if (room >= ARGV_ROOM)
		room = ARGV_ROOM;
	size = bpf_probe_read_user_str(text, room & (2 * ARGV_ROOM - 1), (void *)start);
	if (size <= 1 || size > ARGV_ROOM)
		return;
	record->argv_size = size;
	if (size == ARGV_ROOM)
		record->flags |= ARGV_CUT;
}

/* argv of the current process, its NULs kept; cut at ARGV_ROOM or where its memory is not present. */
static __always_inline void own_argv(struct process_record *record)
{
	struct mm_struct *mm = READ(typed(task_struct, bpf_get_current_task()), mm);
	__u64 start = READ(mm, arg_start), end = READ(mm, arg_end), size = end - start;
	char last = 0, *text = record->text + 2 * PATH_ROOM;

	if (size > ARGV_ROOM) {
		size = ARGV_ROOM;
		record->flags |= ARGV_CUT;
	}
	size &= 2 * ARGV_ROOM - 1;
	if (size > ARGV_ROOM || !start)
		return;
	if (bpf_probe_read_user(text, size, (void *)start) == 0) {
		record->argv_size = size;
		if (!bpf_probe_read_user(&last, sizeof(last), (void *)end - 1) && last)
			own_title(record, mm, text);
		return;
	}
	/* A page is not in memory: keep what the first one gives. */
	record->flags |= ARGV_CUT;
	size = SMALLEST_PAGE - (start & (SMALLEST_PAGE - 1));
	if (size < ARGV_ROOM && bpf_probe_read_user(text, size, (void *)start) == 0)
		record->argv_size = size;
}

/* True for a fork that has not called exec: its memory lies where exec has put its parent's. */
static __always_inline bool shares_program(struct task_struct *one, struct task_struct *other)
{
	__u64 start = READ(one, mm, arg_start);

	return start && start == READ(other, mm, arg_start) &&
	       READ(one, mm, exe_file) == READ(other, mm, exe_file) &&
	       READ(one, self_exec_id) == READ(other, self_exec_id);
}

/*
 * What exec gave to the process, or to the parent it was forked from. An element that is given up meanwhile may be
 * another's at once: htab_elem_free(), kernel/bpf/hashtab.c; its first field is written first.
 */
static __always_inline void kept_argv(struct process_record *record, struct task_struct *leader, __u64 with_memory)
{
	char *text = record->text + 2 * PATH_ROOM;
	__u32 pid = record->pid, size, flags;
	__u64 start = record->start;
	struct short_argv *kept = bpf_map_lookup_elem(&argvs, &pid);
	struct long_argv *longer;

	if (!kept || kept->start != start) {
		struct task_struct *parent = READ(leader, real_parent, group_leader);

		if (!with_memory || !shares_program(typed(task_struct, with_memory), parent))
			return;
		start = READ(parent, start_boottime);
		pid = record->ppid;
		kept = bpf_map_lookup_elem(&argvs, &pid);
	}
	if (!kept || kept->start != start)
		return;
	size = kept->size;
	if (size <= SHORT_ROOM) {
		bpf_probe_read_kernel(text, SHORT_ROOM, kept->text);
		if (kept->start == start) {
			record->argv_size = size;
			record->flags |= ARGV_KEPT;
		}
		return;
	}
	longer = bpf_map_lookup_elem(&long_argvs, &pid);
	if (!longer || longer->start != start)
		return;
	size = longer->size;
	flags = longer->flags;
	bpf_probe_read_kernel(text, EXEC_ROOM, longer->text);
	if (longer->start != start)
		return;
	record->argv_size = size;
	record->flags |= flags | ARGV_KEPT;
}

static __always_inline void forget(__u32 pid, bool is_long)
{
	if (is_long)
		bpf_map_delete_elem(&long_argvs, &pid);
	bpf_map_delete_elem(&argvs, &pid);
}

/* Keeps argv of the new program, should somebody signal it: on_signal cannot read its memory then. */
static __always_inline int keep_argv(__u64 *ctx, __u32 again)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct long_argv *made = bpf_map_lookup_elem(&argv_scratch, &again);
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	__u64 start = BPF_CORE_READ(mm, arg_start);
	__u64 size = BPF_CORE_READ(mm, arg_end) - start;
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct short_argv *old = bpf_map_lookup_elem(&argvs, &pid);
	bool was_long = old && old->size > SHORT_ROOM, is_long = size > SHORT_ROOM;

	if (!made)
		return 0;
	made->start = BPF_CORE_READ(task, start_boottime); /* It leads by now: de_thread(), fs/exec.c. */
	made->flags = size > EXEC_ROOM ? ARGV_CUT : 0;
	made->size = size > EXEC_ROOM ? EXEC_ROOM : size;
	if (made->size > EXEC_ROOM || bpf_probe_read_user(made->text, made->size, (void *)start)) {
		forget(pid, was_long || is_long);
	} else if ((is_long && bpf_map_update_elem(&long_argvs, &pid, made, BPF_ANY)) ||
		   bpf_map_update_elem(&argvs, &pid, made, BPF_ANY)) {
		forget(pid, was_long || is_long);
		count_loss(LOST_ARGVS);
	} else if (was_long && !is_long) {
		bpf_map_delete_elem(&long_argvs, &pid);
	}
	return 0;
}

/* What is kept of a process that is gone. */
static __always_inline void forget_argv(__u32 pid, __u64 start)
{
	struct short_argv *kept = bpf_map_lookup_elem(&argvs, &pid);

	if (kept && kept->start == start)
		forget(pid, kept->size > SHORT_ROOM);
}

#endif
