//go:build soak && !race

package main

const raceDetector = false
