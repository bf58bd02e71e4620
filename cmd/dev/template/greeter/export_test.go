package greeter

var NewReport = newReport
