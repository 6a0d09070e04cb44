// Package main is a guest made by the Go compiler: goroutines, timers, files and standard input.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"sync"
	"time"
)

func check(err error) {
	if err != nil {
		fmt.Println("unexpected:", err)
		os.Exit(1)
	}
}

func main() {
	fmt.Println(len(os.Args), os.Args[1], os.Getenv("GREETING"))
	check(os.MkdirAll("/data/a/b", 0o777))
	check(os.WriteFile("/data/a/b/file", []byte("content"), 0o666))
	text, err := os.ReadFile("/data/a/../a/b/file")
	check(err)
	fmt.Println(string(text))
	check(os.Symlink("b/file", "/data/a/link"))
	target, err := os.Readlink("/data/a/link")
	check(err)
	text, err = os.ReadFile("/data/a/link")
	check(err)
	fmt.Println(target, string(text))
	check(os.Rename("/data/a/b/file", "/data/a/moved"))
	_, err = os.Stat("/data/a/b/file")
	fmt.Println(errors.Is(err, fs.ErrNotExist))
	err = os.Mkdir("/data/a", 0o777)
	fmt.Println(errors.Is(err, fs.ErrExist))
	when := time.Unix(1_000_000_000, 123_456_789)
	check(os.Chtimes("/data/a/moved", when, when))
	info, err := os.Stat("/data/a/moved")
	check(err)
	fmt.Println(info.Size(), info.Mode().IsRegular(), info.ModTime().Equal(when))
	var paths []string
	check(filepath.WalkDir("/data", func(path string, _ fs.DirEntry, err error) error {
		paths = append(paths, path)
		return err
	}))
	sort.Strings(paths)
	fmt.Println(paths)
	check(os.RemoveAll("/data/a"))
	entries, err := os.ReadDir("/data")
	check(err)
	fmt.Println(len(entries))

	start := time.Now()
	var group sync.WaitGroup
	results := make(chan int, 10)
	for i := range 10 {
		group.Go(func() {
			time.Sleep(time.Duration(i) * time.Millisecond)
			results <- i
		})
	}
	group.Wait()
	close(results)
	sum := 0
	for value := range results {
		sum += value
	}
	fmt.Println(sum, time.Since(start) >= 9*time.Millisecond)
	scanner := bufio.NewScanner(os.Stdin)
	for scanner.Scan() {
		fmt.Println("in:", scanner.Text())
	}
	fmt.Fprintln(os.Stderr, "to stderr")
	os.Exit(42)
}
