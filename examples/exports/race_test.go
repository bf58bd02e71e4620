//go:build soak && race

package main

const raceDetector = true // processor time says nothing with it, and much work takes too long
