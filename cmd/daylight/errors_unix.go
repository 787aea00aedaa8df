package main

import "syscall"

const (
	errInUse    = syscall.EADDRINUSE
	errReadOnly = syscall.EROFS
)
