/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything about a process, once: the record that names a sender who is gone when Python looks.
 * Reads go through bpf_probe_read_kernel(), so that any task pointer will do; a read that fails leaves
 * zeros. The text of argv is the process's own and may change while it is read.
 */
#ifndef SIGTRACE_PROCESS_BPF_H
#define SIGTRACE_PROCESS_BPF_H

#include "argv.bpf.h"
#include "kernel.bpf.h"
#include "maps.bpf.h"
#include "met.bpf.h"
#include "path.bpf.h"
#include "sender.bpf.h"
#include "threads.bpf.h"

/* 0: nobody is above. */
__noinline int add_ancestor(__u32 by)
{
	struct description *made = bpf_map_lookup_elem(&process_scratch, &by);
	struct ancestor *ancestor;
	struct task_struct *parent;
	__u64 child;

	if (!made)
		return 0;
	child = made->node;
	ancestor = &made->record.ancestor[made->record.ancestors & (ANCESTORS - 1)];
	parent = READ(typed(task_struct, child), real_parent, group_leader);
	made->node = (__u64)parent;
	if (!parent || !READ(parent, tgid))
		return 0;
	ancestor->pid = READ(parent, tgid);
	ancestor->start = READ(parent, start_boottime);
	if (CAN_CAST)
		copy_comm(ancestor->comm, parent->comm);
	else
		BPF_CORE_READ_STR_INTO(&ancestor->comm, parent, comm);
	made->record.ancestors++;
	return 1;
}

__noinline int describe_ancestors(__u64 address, __u32 by)
{
	struct description *made = bpf_map_lookup_elem(&process_scratch, &by);

	if (!made)
		return 0;
	made->node = address;
	for (int i = 0; i < ANCESTORS; i++)
		if (!add_ancestor(by))
			break;
	made->record.ppid = made->record.ancestor[0].pid;
	return 0;
}

__noinline int describe_identity(__u64 address, __u32 by)
{
	struct process_record *record = bpf_map_lookup_elem(&process_scratch, &by);
	struct task_struct *leader = typed(task_struct, address);

	if (!record)
		return 0;
	record->uid = READ(leader, real_cred, uid.val);
	record->euid = READ(leader, real_cred, euid.val);
	record->loginuid = record->session = -1;
	if (bpf_core_field_exists(leader->loginuid)) {
		record->loginuid = READ(leader, loginuid.val);
		record->session = READ(leader, sessionid);
	}
	record->ns_pid = own_pid(leader);
	BPF_CORE_READ_STR_INTO(&record->comm, leader, comm);
	bpf_probe_read_kernel_str(record->tty, sizeof(record->tty),
				  READ(leader, signal, tty) ?
					  &READ(leader, signal, tty)->name :
					  NULL);
	return 0;
}

/*
 * Describe the process that a task belongs to. The three texts are put where there is room for each, in
 * this order (see add_name()), and sent as they lie: tracer/sources/wire/records.py knows the offsets. BY is the
 * enum describer that asks, TOLD the number of the state. Not 0: there was no room.
 */
__noinline int describe(__u64 address, __u32 is_current, __u32 by, __u64 told)
{
	struct process_record *record = bpf_map_lookup_elem(&process_scratch, &by);
	/* Through a helper it is a number, which is all that may be handed to a verified function. */
	__u64 at = (__u64)BPF_CORE_READ((struct task_struct *)address, group_leader);
	struct task_struct *leader = typed(task_struct, at);
	__u32 size, pid = READ(leader, tgid);

	if (!record)
		return 0;
	__builtin_memset(record, 0, __builtin_offsetof(struct process_record, text));
	record->type = RECORD_PROCESS;
	record->pid = pid;
	record->start = READ(leader, start_boottime);
	record->told = told;
	/* A first thread that has ended has given up its memory. */
	if (!READ(typed(task_struct, address), mm) && !(READ(leader, flags) & PF_KTHREAD))
		address = with_memory(at);
	describe_identity(at, by);
	describe_ancestors(at, by);
	if (address)
		describe_exe(address, by);
	describe_cgroup(at, by);
	if (is_current)
		own_argv(record);
	/* Another's memory is out of reach, and so is that of one who exits: exit_mm() comes first. */
	if (!record->argv_size)
		kept_argv(record, leader, address);
	size = __builtin_offsetof(struct process_record, text) + 2 * PATH_ROOM + record->argv_size;
	if (size > sizeof(*record))
		size = sizeof(*record);
	if (bpf_ringbuf_output(&ring, record, size, 0))
		return 1;
	if (told)
		is_met(pid, told);
	return 0;
}

/* met_first() of the process of a task, with a stack of its own: describe_with_parents(). */
__noinline __u64 meet_first(__u64 address, __u32 is_current)
{
	struct task_struct *task = typed(task_struct, address);
	__u32 pid = READ(task, tgid);

	return pid ? met_first(pid, meeting_at(task), false, is_current) : 0;
}

/* The process of a task, if it is met for the first time. */
static __always_inline void describe_new(__u64 address, bool is_current, __u32 by)
{
	__u64 told = meet_first(address, is_current);

	if (told && describe(address, is_current, by, told))
		was_missed(READ(typed(task_struct, address), tgid));
}

/* The parent of a task, which is given back; 0 if there is none. In memory it is a number, as through a helper: describe(). */
__noinline __u64 describe_parent(__u64 address, __u32 by)
{
	struct description *made = bpf_map_lookup_elem(&process_scratch, &by);
	__u64 parent;

	if (!made)
		return 0;
	made->node = (__u64)READ(typed(task_struct, address), group_leader, real_parent, group_leader);
	parent = *(volatile __u64 *)&made->node;
	if (!parent || !READ(typed(task_struct, parent), tgid))
		return 0;
	describe_new(parent, false, by);
	return parent;
}

/* As describe(), its parents first, so that ancestors have names when a process tells them. The loop is not a function of
 * its own: the verifier adds up the stacks of functions that call each other, each rounded up to 32 bytes, and takes 512
 * (check_max_stack_depth(), kernel/bpf/verifier.c; from v6.13 on x86-64 such a program has a stack of its own). */
__noinline int describe_with_parents(__u64 address, __u32 is_current, __u32 by, __u64 told)
{
	__u64 parent = address;

	for (int i = 0; i < ANCESTORS; i++) {
		parent = describe_parent(parent, by);
		if (!parent)
			break;
	}
	return describe(address, is_current, by, told);
}

#endif
